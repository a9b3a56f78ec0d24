"""A callable of the user's → a record, with the facts that were not given measured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from stetho.activations.activation import Activation
from stetho.activations.catalogue import keep
from stetho.activations.measuring import kinks_of, measure
from stetho.activations.spelling import Elementwise
from stetho.errors import UsageError
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor

FACTS = tuple(sorted(set(Function.__dataclass_fields__) - {"name", "known", "parameters"}))
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


def register(
    name: str,
    phi: Elementwise,
    slope: Elementwise | None = None,
    *,
    replace: bool = False,
    title: str = "",
    formula: str = "",
    source: str = "registered by the user",
    kinks: tuple[float, ...] | None = None,
    **facts: Any,
) -> Activation:
    """Add an activation function of one's own to the catalogue.

    Args:
        name: how it is called from now on: letters, digits, `_`, `.`, `-`.
        phi: takes a floating tensor of any shape and gives one of the same shape, element by
            element.
        slope: φ'; left out, autograd computes it.
        replace: put this one in the place of one that was registered before.
        title, formula, source: for people.
        kinks: where φ' jumps; left out, they are looked for.
        facts: fields of `stetho.record.Function` that are known (`lower=-1.0`); the others are
            measured in float64, see `stetho.activations.measuring`.

    Raises:
        UsageError: the name is taken or no name, φ is not elementwise, random, or without a
            gradient, or a fact has no such name.
    """
    _refuse_name(name)
    _refuse_facts(name, facts)
    record = record_of(
        name, phi, slope, title=title, formula=formula, source=source, kinks=kinks, **facts
    )
    keep(record, replace)
    return record


def record_of(
    name: str,
    phi: Elementwise,
    slope: Elementwise | None = None,
    *,
    title: str = "",
    formula: str = "",
    source: str = "",
    kinks: tuple[float, ...] | None = None,
    **facts: Any,
) -> Activation:
    """The record of any callable, without adding it to the catalogue; arguments as `register`.

    Raises:
        UsageError: φ is not elementwise, random, or without a gradient.
    """
    _refuse_unfit(name, phi)
    derivative = slope or _by_autograd(name, phi)
    measured = {**measure(phi, derivative), **facts}
    return Activation(
        name=name,
        title=title or name,
        formula=formula,
        phi=phi,
        slope=derivative,
        facts=Function(name=name, **measured),
        kinks=kinks_of(derivative, measured["slope_supremum"]) if kinks is None else kinks,
        cost="several",
        source=source,
    )


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"expected a name of letters, digits, '_', '.' and '-', got {name!r} in register; "
            "':' and '=' are for parameters"
        )


def _refuse_facts(name: str, facts: dict[str, Any]) -> None:
    strange = sorted(set(facts) - set(FACTS))
    if strange:
        raise UsageError(
            f"expected facts among {', '.join(FACTS)}, got {strange[0]!r} in register({name!r}); "
            "leave it out, and it is measured"
        )


def _refuse_unfit(name: str, phi: Elementwise) -> None:
    """Refuse what is no function from a number to a number, applied to each element."""
    import torch

    z = torch.linspace(-3, 3, 12, dtype=torch.float64)
    a = _called(name, phi, z)
    if not torch.equal(a.nan_to_num(), _called(name, phi, z).nan_to_num()):
        raise UsageError(
            f"expected a function, but register({name!r}) got two answers to one input; "
            "register the evaluation form of a random function"
        )
    order = torch.tensor([7, 2, 11, 0, 9, 4, 1, 10, 3, 8, 5, 6])
    views = [(z[order], a[order]), (z[:5], a[:5]), (z.reshape(3, 4), a.reshape(3, 4))]
    for changed, expected in views:
        if not torch.allclose(_called(name, phi, changed), expected, equal_nan=True):
            raise UsageError(
                f"expected an elementwise function, but in register({name!r}) an element's output "
                "changes with its place or with the others; softmax and normalisations are no "
                "activation functions here"
            )
    if not bool(torch.isfinite(a).all()):
        raise UsageError(
            f"expected finite values between −3 and 3, but register({name!r}) got "
            f"φ({float(z[~torch.isfinite(a)][0]):.4g}) = {float(a[~torch.isfinite(a)][0])}; an "
            "activation function takes every number"
        )


def _called(name: str, phi: Elementwise, z: Tensor) -> Tensor:
    import torch

    try:
        with torch.no_grad():
            a = phi(z)
    except Exception as error:
        raise UsageError(
            "expected a function from a tensor to a tensor, but in "
            f"register({name!r}) it raised, given float64 of shape {tuple(z.shape)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(a, torch.Tensor) or a.shape != z.shape:
        got = f"shape {tuple(a.shape)}" if isinstance(a, torch.Tensor) else f"{type(a).__name__}"
        raise UsageError(
            f"expected an output of the input's shape {tuple(z.shape)}, got {got} from the "
            f"function in register({name!r}); an activation function keeps the shape"
        )
    return a


def _by_autograd(name: str, phi: Elementwise) -> Elementwise:
    def slope(z: Tensor) -> Tensor:
        import torch

        with torch.enable_grad():
            leaf = z.detach().requires_grad_()
            a = phi(leaf)
            if a.grad_fn is None:
                raise UsageError(
                    f"expected a function that autograd can differentiate, but the one in "
                    f"register({name!r}) gives an output without a gradient; pass slope="
                )
            (derivative,) = torch.autograd.grad(a.sum(), leaf)
        return derivative

    return slope
