"""A callable of the user's → a record, with the facts that were not given measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stetho.activations.activation import Activation
from stetho.activations.catalogue import keep
from stetho.activations.thresholds import SATURATED
from stetho.errors import UsageError
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor

FAR = 1e4  # where limits are read off
REACH, STEP = 40.0, 1e-3  # grid on which slopes are looked at

Elementwise = Callable[["Tensor"], "Tensor"]


def register(
    name: str,
    phi: Elementwise,
    slope: Elementwise | None = None,
    *,
    replace: bool = False,
    title: str = "",
    formula: str = "",
    **facts: Any,
) -> Activation:
    """Add an activation function of one's own to the catalogue.

    Args:
        name: how it is called from now on.
        phi: takes a floating tensor of any shape and gives one of the same shape, element by
            element.
        slope: φ'; left out, autograd computes it.
        facts: fields of `stetho.record.Function` that are known (`lower=-1.0`); the others are
            measured in float64: limits at ±1e4, thresholds on a grid of step 1e-3 over ±40.

    Raises:
        UsageError: the name is taken, φ is not elementwise, or a fact has no such name.
    """
    _refuse_mixing(name, phi)
    derivative = slope or _by_autograd(phi)
    strange = sorted(set(facts) - set(Function.__dataclass_fields__))
    if strange:
        raise UsageError(f"register({name!r}) got the unknown fact {strange[0]!r}")
    measured = {**_measure(phi, derivative), **facts}
    record = Activation(
        name,
        title or name,
        formula,
        phi,
        derivative,
        Function(name, **measured),
        cost="several",
        source="registered by the user",
    )
    keep(record, replace)
    return record


def _refuse_mixing(name: str, phi: Elementwise) -> None:
    import torch

    z = torch.linspace(-3, 3, 7, dtype=torch.float64)
    try:
        straight, turned = phi(z), phi(z.flip(0)).flip(0)
    except Exception as error:
        raise UsageError(
            f"register({name!r}) expected a function from a tensor to a tensor, but calling it on "
            f"seven numbers raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(straight, torch.Tensor) or straight.shape != z.shape:
        got = tuple(straight.shape) if isinstance(straight, torch.Tensor) else type(straight)
        raise UsageError(f"register({name!r}) expected an output of shape (7,), got {got}")
    if not torch.allclose(straight, turned, equal_nan=True):
        raise UsageError(
            f"register({name!r}) expected an elementwise function, but an element's output changes "
            "with its place; softmax and normalisations are no activation functions here"
        )


def _by_autograd(phi: Elementwise) -> Elementwise:
    def slope(z: Tensor) -> Tensor:
        import torch

        with torch.enable_grad():
            leaf = z.detach().requires_grad_()
            (derivative,) = torch.autograd.grad(phi(leaf).sum(), leaf)
        return derivative

    return slope


def _measure(phi: Elementwise, slope: Elementwise) -> dict[str, Any]:
    import torch

    z = torch.arange(-REACH, REACH + STEP / 2, STEP, dtype=torch.float64)
    a, d = phi(z).detach(), slope(z).abs()
    far = phi(torch.tensor([-FAR, FAR], dtype=torch.float64)).detach()
    supremum = float(d.max())
    saturated, flat = d < SATURATED * supremum, d == 0
    lowest, highest = float(torch.min(a.min(), far.min())), float(torch.max(a.max(), far.max()))
    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi) * STEP
    return {
        "lower": lowest if lowest > -FAR / 100 else -math.inf,
        "upper": highest if highest < FAR / 100 else math.inf,
        "zero_centred": abs(float((a * density).sum())) < 1e-6,
        "saturates_below": _edge(z, saturated),
        "saturates_above": _negated(_edge(-z.flip(0), saturated.flip(0))),
        "flat_below": _edge(z, flat),
        "flat_above": _negated(_edge(-z.flip(0), flat.flip(0))),
        "slope_supremum": supremum,
    }


def _edge(z: Tensor, holds: Tensor) -> float | None:
    """The last z of the unbroken stretch from the far left on which `holds` is true."""
    if not bool(holds[0]) or bool(holds.all()):
        return None
    return round(float(z[int(holds.logical_not().int().argmax()) - 1]), 3)


def _negated(value: float | None) -> float | None:
    return None if value is None else -value + 0.0
