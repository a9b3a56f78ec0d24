"""Activation functions that torch has none of → functions and modules; a record → its module.

The functions take part in torch's overrides as torch's own do, so that a `TorchFunctionMode`
sees one call of `rrelu_paper`, and not the `where` and the division in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import handle_torch_function, has_torch_function_unary

from stetho.activations.activation import Activation


def rrelu_paper(
    input: Tensor, lower: float = 3.0, upper: float = 8.0, training: bool = False
) -> Tensor:
    """z above zero; below it z/a with a ~ U(lower, upper) in training, a = the mean in evaluation.

    Xu, Wang, Chen and Li 2015, Empirical Evaluation of Rectified Activations in Convolutional
    Network. `torch.nn.functional.rrelu` multiplies by U(1/8, 1/3), whose mean is not 1/5.5.
    """
    if has_torch_function_unary(input):
        return _overridden(rrelu_paper, input, lower=lower, upper=upper, training=training)
    if not training:
        return F.leaky_relu(input, 2 / (lower + upper))
    divisor = torch.empty_like(input).uniform_(lower, upper)
    return torch.where(input > 0, input, input / divisor)


def rrelu_article(
    input: Tensor, mean: float = 0.0, std: float = 1.0, training: bool = False
) -> Tensor:
    """z above zero; below it αz with α ~ N(mean, std²) in training, α = mean in evaluation.

    The form that the article gives (D2). A negative α turns negative inputs positive.
    """
    if has_torch_function_unary(input):
        return _overridden(rrelu_article, input, mean=mean, std=std, training=training)
    if not training:
        return F.leaky_relu(input, mean)
    slope = torch.empty_like(input).normal_(mean, std)
    return torch.where(input > 0, input, slope * input)


def squared_relu(input: Tensor) -> Tensor:
    """max(z, 0)². So et al. 2021, Primer."""
    if has_torch_function_unary(input):
        return _overridden(squared_relu, input)
    return F.relu(input).square()


def reglu(input: Tensor, dim: int = -1) -> Tensor:
    """u · max(z, 0) for the halves u, z of the input along `dim`. Shazeer 2020."""
    if has_torch_function_unary(input):
        return _overridden(reglu, input, dim=dim)
    value, gate = _halves("reglu", input, dim)
    return value * F.relu(gate)


def geglu(input: Tensor, dim: int = -1) -> Tensor:
    """u · GELU(z) for the halves u, z of the input along `dim`. Shazeer 2020."""
    if has_torch_function_unary(input):
        return _overridden(geglu, input, dim=dim)
    value, gate = _halves("geglu", input, dim)
    return value * F.gelu(gate)


def swiglu(input: Tensor, dim: int = -1) -> Tensor:
    """u · SiLU(z) for the halves u, z of the input along `dim`. Shazeer 2020."""
    if has_torch_function_unary(input):
        return _overridden(swiglu, input, dim=dim)
    value, gate = _halves("swiglu", input, dim)
    return value * F.silu(gate)


def _overridden(function: Callable[..., Tensor], input: Tensor, **kwargs: Any) -> Tensor:
    result: Tensor = handle_torch_function(function, (input,), input, **kwargs)
    return result


def _halves(name: str, input: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    if input.shape[dim] % 2:
        raise ValueError(
            f"{name} expected an even number of features along dim {dim} to halve, got "
            f"{input.shape[dim]} of the shape {tuple(input.shape)}; widen the layer before it by 1"
        )
    value, gate = input.chunk(2, dim=dim)
    return value, gate


class RReLUPaper(nn.Module):
    """`rrelu_paper`, random while the module is training."""

    def __init__(self, lower: float = 3.0, upper: float = 8.0) -> None:
        super().__init__()
        self.lower, self.upper = lower, upper

    def forward(self, input: Tensor) -> Tensor:
        return rrelu_paper(input, self.lower, self.upper, self.training)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}"


class RReLUArticle(nn.Module):
    """`rrelu_article`, random while the module is training."""

    def __init__(self, mean: float = 0.0, std: float = 1.0) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, input: Tensor) -> Tensor:
        return rrelu_article(input, self.mean, self.std, self.training)

    def extra_repr(self) -> str:
        return f"mean={self.mean}, std={self.std}"


class SquaredReLU(nn.Module):
    """`squared_relu`."""

    def forward(self, input: Tensor) -> Tensor:
        return squared_relu(input)


class _Gated(nn.Module):
    """A gated linear unit: halves its input along `dim`. What it computes is the subclass's."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class ReGLU(_Gated):
    """`reglu`."""

    def forward(self, input: Tensor) -> Tensor:
        return reglu(input, self.dim)


class GEGLU(_Gated):
    """`geglu`."""

    def forward(self, input: Tensor) -> Tensor:
        return geglu(input, self.dim)


class SwiGLU(_Gated):
    """`swiglu`."""

    def forward(self, input: Tensor) -> Tensor:
        return swiglu(input, self.dim)


class Applied(nn.Module):
    """The φ of a record that has no module of its own: one that the user registered."""

    def __init__(self, record: Activation) -> None:
        super().__init__()
        self.record = record

    def forward(self, input: Tensor) -> Tensor:
        return self.record.phi(input)

    def extra_repr(self) -> str:
        return self.record.label


OURS: dict[str, type[nn.Module]] = {
    "rrelu_paper": RReLUPaper,
    "rrelu_article": RReLUArticle,
    "squared_relu": SquaredReLU,
    "reglu": ReGLU,
    "geglu": GEGLU,
    "swiglu": SwiGLU,
}
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "rrelu_paper": rrelu_paper,
    "rrelu_article": rrelu_article,
    "squared_relu": squared_relu,
    "reglu": reglu,
    "geglu": geglu,
    "swiglu": swiglu,
}


def build(record: Activation) -> nn.Module:
    """A new module that applies a record's function, with its parameters: torch's where it can."""
    given = dict(record.facts.parameters)
    if record.name in OURS:
        return OURS[record.name](**given)
    if record.name == "gelu_tanh":
        return nn.GELU(approximate="tanh")
    if record.name == "prelu":
        return nn.PReLU(init=given["weight"])
    if record.modules:
        module: nn.Module = getattr(nn, record.modules[0])(**given)
        return module
    return Applied(record)
