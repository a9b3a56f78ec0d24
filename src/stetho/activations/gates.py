"""The GLU family → records of the function on their gate."""

from __future__ import annotations

from dataclasses import replace

from stetho.activations.activation import Activation
from stetho.activations.rectifiers import relu
from stetho.activations.smooth import gelu, silu
from stetho.activations.squashing import sigmoid


def _gate(name: str, title: str, inner: Activation) -> Activation:
    return replace(
        inner,
        name=name,
        title=title,
        formula=f"u · φ(z) for the halves u, z of the input; φ: {inner.formula}",
        facts=replace(inner.facts, name=name),
        source="Dauphin et al. 2017; Shazeer 2020, GLU Variants Improve Transformer",
        article="",
        gate=True,
        torch_names=("glu",) if name == "glu" else (),
        modules=("GLU",) if name == "glu" else (),
        make=None,
    )


def glu() -> Activation:
    return _gate("glu", "GLU", sigmoid())


def reglu() -> Activation:
    return _gate("reglu", "ReGLU", relu())


def geglu() -> Activation:
    return _gate("geglu", "GEGLU", gelu())


def swiglu() -> Activation:
    return _gate("swiglu", "SwiGLU", silu())
