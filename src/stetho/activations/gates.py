"""The GLU family → records of the function φ on the gate, with the facts of that function."""

from __future__ import annotations

from dataclasses import replace

from stetho.activations.activation import Activation
from stetho.activations.rectifiers import relu
from stetho.activations.smooth import gelu, silu
from stetho.activations.spelling import spelled
from stetho.activations.squashing import sigmoid

SHAZEER = "Shazeer 2020, GLU Variants Improve Transformer"


def _gate(name: str, title: str, inner: Activation, source: str, use: str) -> Activation:
    return replace(
        inner,
        name=name,
        title=title,
        formula=f"u · φ(z) for the halves u, z of the input; φ(z): {inner.formula}",
        slope_formula=f"φ'(z): {inner.slope_formula}",
        facts=replace(inner.facts, name=name),
        source=source,
        article="",
        use=use,
        gate=True,
        torch_names=spelled("glu", "F C") if name == "glu" else (),
        modules=("GLU",) if name == "glu" else (),
    )


def glu() -> Activation:
    use = "In gated convolutions and speech models; in Transformers SwiGLU or GEGLU do better."
    return _gate("glu", "GLU", sigmoid(), "Dauphin, Fan, Auli and Grangier 2017", use)


def reglu() -> Activation:
    return _gate("reglu", "ReGLU", relu(), SHAZEER, "The cheapest gate: no exponential.")


def geglu() -> Activation:
    return _gate("geglu", "GEGLU", gelu(), SHAZEER, "In the feed-forward part of Transformers.")


def swiglu() -> Activation:
    use = "In the feed-forward part of language models, where it is the custom."
    return _gate("swiglu", "SwiGLU", silu(), SHAZEER, use)
