"""A torch function → what kind of operation it is, where its input and its weight stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from stetho.record import FLAT_FUNCTIONS

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerForm:
    """How a function with a weight is called."""

    kind: str
    x: int = 0  # place of the input among the positional arguments
    weight: int = 1
    bias: int | None = 2
    conv: bool = False
    either: bool = False  # the weight may be on either side (x @ W, W @ x)


@cache
def layer_forms() -> dict[Function, LayerForm]:
    forms: dict[Function, LayerForm] = {F.linear: LayerForm(kind="linear")}
    for dim in (1, 2, 3):
        for name in (f"conv{dim}d", f"conv_transpose{dim}d"):
            forms[getattr(F, name)] = LayerForm(kind=name, conv=True)
    forms[torch.addmm] = LayerForm(kind="linear", x=1, weight=2, bias=0)
    products = (torch.matmul, torch.mm, torch.bmm, Tensor.matmul, Tensor.mm, Tensor.bmm)
    for product in (*products, Tensor.__matmul__, Tensor.__rmatmul__):
        forms[product] = LayerForm(kind="linear", bias=None, either=True)
    forms[F.embedding] = LayerForm(kind="embedding", bias=None)
    forms[F.multi_head_attention_forward] = LayerForm(kind="attention", weight=5, bias=6)
    forms[F.bilinear] = LayerForm(kind="bilinear", weight=2, bias=3)
    return forms


@cache
def recurrent() -> dict[Function, str]:
    """Fused kernels of recurrent layers; their gates are not sites."""
    names = ("lstm", "gru", "rnn_tanh", "rnn_relu")
    return {getattr(torch, name): name for name in names}


@cache
def norms() -> dict[Function, tuple[str, int]]:
    """Normalisations: kind, place of the shift (bias) among the positional arguments."""
    table: dict[Function, tuple[str, int]] = {
        F.batch_norm: ("batch_norm", 4),
        F.instance_norm: ("instance_norm", 4),
        F.layer_norm: ("layer_norm", 3),
        F.group_norm: ("group_norm", 3),
        torch.batch_norm: ("batch_norm", 2),
        torch.layer_norm: ("layer_norm", 3),
        torch.group_norm: ("group_norm", 3),
    }
    if hasattr(F, "rms_norm"):
        table[F.rms_norm] = ("rms_norm", 9)
    return table


@cache
def products() -> frozenset[Function]:
    """Products of two tensors, element by element."""
    names = ("mul", "mul_", "multiply", "multiply_", "__mul__", "__rmul__", "__imul__")
    homes = (torch, Tensor)
    return frozenset(getattr(home, name) for home in homes for name in names if hasattr(home, name))


@cache
def dropouts() -> frozenset[Function]:
    names = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout")
    return frozenset(getattr(F, name) for name in names)


CUTS = (
    *("detach", "detach_", "numpy", "tolist", "item", "__array__", "argmax", "argmin", "tensor"),
    *("gt", "ge", "lt", "le", "__gt__", "__ge__", "__lt__", "__le__", "long", "int", "bool"),
)


@cache
def ends() -> dict[Function, str]:
    """Functions without a gradient: slope 0 (`FLAT_FUNCTIONS`), or the graph's end (`CUTS`)."""
    homes = (torch, Tensor)
    names = [name for plain in FLAT_FUNCTIONS for name in (plain, f"{plain}_")] + list(CUTS)
    there = [(getattr(home, name, None), name) for home in homes for name in names]
    found = {call: name for call, name in there if callable(call)}
    return {**found, Tensor.data.__get__: "data"}  # type: ignore[attr-defined]


@cache
def losses() -> dict[Function, str]:
    return {
        F.cross_entropy: "cross_entropy",
        F.nll_loss: "cross_entropy",
        F.binary_cross_entropy: "bce",
        F.binary_cross_entropy_with_logits: "bce",
        F.mse_loss: "mse",
        F.smooth_l1_loss: "huber",
        F.huber_loss: "huber",
        F.l1_loss: "l1",
    }


def argument(args: tuple[Any, ...], kwargs: dict[str, Any], place: int | None, name: str) -> Any:
    """An argument, given by place or by name; `None` if it was not given."""
    if place is not None and place < len(args):
        return args[place]
    return kwargs.get(name)
