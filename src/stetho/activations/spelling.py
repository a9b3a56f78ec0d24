"""The name of a torch function → its dotted names, and a form that loads torch when called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Elementwise = Callable[["Tensor"], "Tensor"]

HOMES = {
    "torch": "torch",
    "Tensor": "torch.Tensor",
    "F": "torch.nn.functional",
    "special": "torch.special",
    "C": "torch._C._nn",
}


def spelled(name: str, homes: str, in_place: str = "") -> tuple[str, ...]:
    """Dotted names of a function, and of its in-place form, in each of the homes given.

    >>> spelled("elu", "F", in_place="F")
    ('torch.nn.functional.elu', 'torch.nn.functional.elu_')
    """
    plain = [f"{HOMES[home]}.{name}" for home in homes.split()]
    return tuple(plain + [f"{HOMES[home]}.{name}_" for home in in_place.split()])


def functional(name: str, *args: float, **kwargs: Any) -> Elementwise:
    """The function of that name in `torch.nn.functional`, looked up when it is called."""

    def phi(z: Tensor) -> Tensor:
        from torch.nn import functional as F

        result: Tensor = getattr(F, name)(z, *args, **kwargs)
        return result

    return phi


def plain(value: float) -> str:
    """A parameter as people write it: 0.01, 1, 0.1818."""
    return f"{value:.4g}"
