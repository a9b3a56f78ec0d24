"""A model and names of layers → the model with a normalisation behind each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from stetho.errors import UsageError
from stetho.surgery.report import Change, Surgery

KINDS = ("batch", "layer")
CHILD = "stetho_norm"


def insert_norm(model: nn.Module, after: Sequence[str], kind: str = "batch") -> Surgery:
    """Put a batch or layer normalisation after layers, by their paths.

    The normalisation becomes a child of its layer, so that all other names stay: its parameters
    are `<path>.stetho_norm.weight` and `.bias`. Make the optimizer afterwards.

    Args:
        model: the network, which is changed in place.
        after: paths of linear layers and convolutions, as `model.named_modules()` has them.
        kind: "batch" or "layer".

    Raises:
        UsageError: no such kind or layer, or one that is neither linear nor a convolution.
    """
    if kind not in KINDS:
        raise UsageError(f"expected a kind of normalisation ({', '.join(KINDS)}), got {kind!r}")
    modules = dict(model.named_modules())
    for path in after:
        if path not in modules:
            known = [name for name, module in modules.items() if _width(module)]
            raise UsageError(f"expected the path of a layer, got {path!r}; there are {known[:12]}")
        if not _width(modules[path]):
            raise UsageError(
                f"expected a linear layer or a convolution at {path}, got a "
                f"{type(modules[path]).__name__}, behind which no width is known"
            )
    done = Surgery(f"insert {kind} normalisation")
    for path in after:
        layer = modules[path]
        norm = _norm(layer, kind)
        done.did(Change(path, type(layer).__name__, f"and {norm}"), _attach(layer, norm))
    return done


def _width(module: nn.Module) -> int:
    return int(getattr(module, "out_features", 0) or getattr(module, "out_channels", 0))


def _norm(layer: nn.Module, kind: str) -> nn.Module:
    width = _width(layer)
    weight = layer.get_parameter("weight")
    dims = weight.ndim - 2
    if kind == "layer":
        made: nn.Module = nn.LayerNorm(width) if dims == 0 else nn.GroupNorm(1, width)
    else:
        made = _LastAxisBatchNorm(width) if dims == 0 else getattr(nn, f"BatchNorm{dims}d")(width)
    return made.to(device=weight.device, dtype=weight.dtype).train(layer.training)


class _LastAxisBatchNorm(nn.BatchNorm1d):
    """Batch normalisation of the last axis, over all others."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        flat = super().forward(input.reshape(-1, input.shape[-1]))
        return flat.reshape(input.shape)


def _attach(layer: nn.Module, norm: nn.Module) -> Any:
    layer.add_module(CHILD, norm)
    handle = layer.register_forward_hook(lambda module, args, output: norm(output))

    def back() -> None:
        handle.remove()
        delattr(layer, CHILD)

    return back
