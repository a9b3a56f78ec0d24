"""A function's name, formula and facts -> one `Activation` record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation function: what it computes, and what is known of it.

    `phi` and `slope` take a floating tensor of any shape and give one of the same shape and
    dtype; `slope` is φ' (at a kink: the value that torch's autograd gives).
    """

    name: str
    title: str  # for people: "Leaky ReLU"
    formula: str  # in plain text: "x for x > 0, αx below"
    phi: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    facts: Function
    kinks: tuple[float, ...] = ()  # where φ' jumps
    cost: str = "cheap"  # "free", "cheap" (compare, add, multiply), "exponential", "several"
    source: str = ""  # where the function comes from
    article: str = ""  # what the article says of it, with claim ids, "" where it is silent
    parameters: Mapping[str, float] = field(default_factory=dict)  # defaults, by torch's names
    learned: tuple[str, ...] = ()  # which of the parameters are learned
    random: bool = False  # another slope in training than in evaluation
    gate: bool = False  # of the GLU family: multiplies one half of its input by φ(other half)
    torch_names: tuple[str, ...] = ()  # functions and methods that apply it, in-place ones too
    modules: tuple[str, ...] = ()  # classes of torch.nn that apply it
    make: Callable[..., Activation] | None = None  # the same function with other parameters
