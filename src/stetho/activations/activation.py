"""A function's name, formula and facts -> one `Activation` record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One activation function: what it computes, and what is known of it.

    `phi` and `slope` take a floating tensor of any shape and give one of the same shape and
    dtype; `slope` is φ' in closed form (at a kink: the value that torch's autograd gives). Both
    load torch when they are first called; everything else here is known without it.

    Of a `random` function, `phi` and `slope` are the evaluation form and `draw` the training form;
    the limits and thresholds in `facts` hold in both.
    """

    name: str
    title: str  # for people: "Leaky ReLU"
    formula: str  # in plain text: "z above zero, αz below; α = 0.01"
    phi: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    facts: Function
    slope_formula: str = ""  # φ' in plain text
    kinks: tuple[float, ...] = ()  # where φ' jumps
    cost: str = "cheap"  # "free", "cheap" (compare, add, multiply), "exponential", "several"
    source: str = ""  # where the function comes from
    article: str = ""  # what the article says of it, with claim ids, "" where it is silent
    use: str = ""  # when to take it
    parameters: Mapping[str, float] = field(default_factory=dict, hash=False)  # defaults;
    #                                                           `facts.parameters` has this record's
    learned: tuple[str, ...] = ()  # which of the parameters are learned
    random: bool = False  # another slope in training than in evaluation
    draw: Callable[[Tensor], Tensor] | None = None  # φ as in training: slopes drawn anew each call
    draw_moments: tuple[float, float] | None = None  # E α and E α² of the slope α drawn below zero
    gate: bool = False  # of the GLU family: multiplies one half of its input by φ(other half)
    torch_names: tuple[str, ...] = ()  # dotted names that apply it, in-place ones too
    modules: tuple[str, ...] = ()  # classes of torch.nn that apply it
    make: Callable[..., Activation] | None = None  # the same function with other parameters

    @property
    def label(self) -> str:
        """What `get` takes to give this very record: `leaky_relu:negative_slope=0.1`."""
        given = [
            f"{key}={value!r}"
            for key, value in self.facts.parameters
            if value != self.parameters.get(key)
        ]
        return f"{self.name}:{','.join(given)}" if given else self.name
