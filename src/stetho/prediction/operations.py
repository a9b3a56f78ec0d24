"""One operation on tensors → the belief about its output, and its edge on the tape."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from stetho.activations import Activation
from stetho.observe import functions as forms
from stetho.prediction.tape import Belief, Edge, Tape, measure
from stetho.theory.shifted import shared, through

Handler = Callable[[Tape, Any, Any, Any], None]
STEEP = 1.2  # d ln E φ² / d ln q above which lengths that differ run apart


def linear(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    x, weight = args[0], forms.argument(args, kwargs, 1, "weight")
    bias = forms.argument(args, kwargs, 2, "bias")
    _weighted(
        tape=tape,
        x=x,
        result=result,
        weight=weight,
        fan_in=weight.shape[1],
        fan_out=weight.shape[0],
        bias=bias,
    )


def addmm(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    """b + x W, W of shape (in, out), as GPT-2 has it."""
    bias, x, weight = args[:3]
    _weighted(
        tape=tape,
        x=x,
        result=result,
        weight=weight,
        fan_in=weight.shape[0],
        fan_out=weight.shape[1],
        bias=bias,
    )


def conv(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    x, weight = args[0], forms.argument(args, kwargs, 1, "weight")
    bias = forms.argument(args, kwargs, 2, "bias")
    inside = _taps_inside(args, kwargs, x, weight, result)
    fan_in = weight[0].numel() * inside
    positions = result[0, 0].numel() / max(1, x[0, 0].numel())
    fan_out = weight.numel() / x.shape[1] * positions * inside
    _weighted(
        tape=tape, x=x, result=result, weight=weight, fan_in=fan_in, fan_out=fan_out, bias=bias
    )


def _taps_inside(args: Any, kwargs: Any, x: Tensor, weight: Tensor, result: Tensor) -> float:
    """Share of a convolution's taps that lie on the input and not on its zero padding."""
    dims = x.ndim - 2
    settings = [forms.argument(args, kwargs, 3 + i, n) for i, n in enumerate(("stride", "padding"))]
    stride, padding = (1 if settings[0] is None else settings[0], settings[1] or 0)
    dilation = forms.argument(args, kwargs, 5, "dilation") or 1
    ones = torch.ones(1, 1, *x.shape[2:], dtype=torch.float64, device=x.device)
    kernel = torch.ones(1, 1, *weight.shape[2:], dtype=torch.float64, device=x.device)
    counted = getattr(F, f"conv{dims}d")(
        ones, kernel, None, stride=stride, padding=padding, dilation=dilation
    )
    return float(counted.mean()) / kernel.numel()


def _weighted(
    tape: Tape, x: Tensor, result: Tensor, weight: Tensor, fan_in: float, fan_out: float, bias: Any
) -> None:
    """z = Σ w x + b over fan-in terms, with weights of the mean and variance that they have."""
    source = tape.of(x)
    before = tape.beliefs[source]
    w = weight.detach().double()
    centre, square = float(w.mean()), float(w.square().mean())
    variance = max(square - centre**2, 0.0)
    shift = (0.0, 0.0)
    if isinstance(bias, Tensor):
        b = bias.detach().double()
        shift = (float(b.mean()), float(b.square().mean()))
    mean = fan_in * centre * before.mean + shift[0]
    common = (mean - shift[0]) * (mean - shift[0]) + shift[1]  # of all samples alike
    second = fan_in * variance * before.second + common

    def together() -> float:
        return fan_in * variance * before.shared() + common

    target = tape.add(
        result,
        Belief(mean=mean, second=second, shared=together, spread=before.spread, why=before.why),
    )
    tape.link(source, target, fan_out * square)


def norm(kind: str, shift: int) -> Handler:
    """A normalisation over the batch, or over each sample's own features.

    `shift`: place of the bias among the arguments, by which torch's two batch norms differ.
    """

    def handler(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
        over_batch = kind == "batch_norm"
        if over_batch and not forms.argument(args, kwargs, 5, "training"):
            weight = forms.argument(args, kwargs, shift - 1, "weight")
            variance = forms.argument(args, kwargs, 2 if shift == 4 else 4, "running_var")
            _by_running(tape, args[0], result, weight, variance)
        else:
            _normalised(tape, args, kwargs, result, over_batch)

    return handler


def _normalised(tape: Tape, args: Any, kwargs: Any, result: Any, over_batch: bool) -> None:
    source = tape.of(args[0])
    before = tape.beliefs[source]
    affine = [arg for arg in (*args[1:], *kwargs.values()) if isinstance(arg, Tensor)]
    learned = [t for t in affine if isinstance(t, torch.nn.Parameter)]
    scale = float(learned[0].detach().double().square().mean()) if learned else 1.0
    shift = learned[1].detach().double() if len(learned) > 1 else torch.zeros(1)
    mean, square = float(shift.mean()), float(shift.square().mean())
    if over_batch:
        inner = max(before.second - before.shared(), 1e-30)  # variance over the batch
        together = square  # two samples have nothing in common but the shift
    else:
        inner = max(before.variance, 1e-30)
        share = (before.shared() - before.mean * before.mean) / inner
        together = scale * share + square
    belief = Belief(
        mean=mean, second=scale + square, shared=lambda: together, spread=0.0, why=before.why
    )
    target = tape.add(result, belief)
    tape.link(source, target, scale / inner, before.spread)


def _by_running(
    tape: Tape, x: Tensor, result: Tensor, weight: Any, running_variance: Tensor
) -> None:
    """Batch normalisation in evaluation: each unit by what it saw in training."""
    scaled(tape, (x,), {}, result)
    slope = 1 / running_variance.detach().double()
    if isinstance(weight, Tensor):
        slope = slope * weight.detach().double().square()
    tape.edges[-1].factor = float(slope.mean())


def dropout(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    source = tape.of(args[0])
    before = tape.beliefs[source]
    p = forms.argument(args, kwargs, 1, "p")
    training = forms.argument(args, kwargs, 2, "training")
    p = 0.5 if p is None else float(p)
    keep = 1 - p if (training is None or training) and p < 1 else 1.0
    belief = Belief(
        mean=before.mean,
        second=before.second / keep,
        shared=before.shared,
        spread=before.spread,
        why=before.why,
    )
    tape.link(source, tape.add(result, belief), 1 / keep)


def add(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    """A sum of two branches, taken as not correlated beyond their means."""
    tensors = [arg for arg in args[:2] if isinstance(arg, Tensor)]
    if len(tensors) < 2:
        return scaled(tape, args, kwargs, result)
    sources = [tape.of(tensor) for tensor in tensors]
    a, b = (tape.beliefs[source] for source in sources)
    second = a.second + b.second + 2 * a.mean * b.mean
    spread = (a.second * a.spread + b.second * b.spread) / max(a.second + b.second, 1e-30)

    def together() -> float:
        return a.shared() + b.shared() + 2 * a.mean * b.mean

    belief = Belief(
        mean=a.mean + b.mean, second=second, shared=together, spread=spread, why=a.why or b.why
    )
    target = tape.add(result, belief)
    for source, tensor in zip(sources, tensors):
        tape.link(source, target, result.numel() / max(1, tensor.numel()))
    return None


def scaled(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    """A tensor times, over, plus or minus a number: measured by what it did."""
    tensors = [arg for arg in args if isinstance(arg, Tensor)]
    if len(tensors) == 2 and tensors[0].shape == tensors[1].shape and len(args) == 2:
        return product(tape, tensors[0], tensors[1], result)
    tensor = max(tensors, key=lambda t: (tape.node(t) is not None, t.numel()))
    source = tape.of(tensor)
    before, after = tape.beliefs[source], measure(result)
    seen = measure(tensor) if tensor is not result else before
    gain = (after.second - after.mean * after.mean) / max(
        seen.second - seen.mean * seen.mean, 1e-30
    )
    mean = before.mean * math.sqrt(gain) + after.mean - seen.mean * math.sqrt(gain)
    second = gain * before.variance + mean * mean
    target = tape.add(
        result,
        Belief(
            mean=mean,
            second=second,
            shared=lambda: gain * before.shared(),
            spread=before.spread,
            why=before.why,
        ),
    )
    tape.link(source, target, gain)
    return None


def product(tape: Tape, first: Tensor, second: Tensor, result: Tensor) -> None:
    """Two branches multiplied, taken as independent: the gate and the value of a GLU."""
    sources = tape.of(first), tape.of(second)
    a, b = (tape.beliefs[source] for source in sources)
    belief = Belief(
        mean=a.mean * b.mean,
        second=a.second * b.second,
        shared=lambda: a.shared() * b.shared(),
        spread=a.spread + b.spread,
        why=a.why or b.why,
    )
    target = tape.add(result, belief)
    tape.link(sources[0], target, b.second)
    tape.link(sources[1], target, a.second)


def neutral(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    """What moves, selects or repeats elements."""
    tensor = next((arg for arg in args if isinstance(arg, Tensor)), None)
    if tensor is None:
        return
    source = tape.of(tensor)
    before = tape.beliefs[source]
    for part in result if isinstance(result, (tuple, list)) else (result,):
        if isinstance(part, Tensor) and part.is_floating_point():
            belief = Belief(
                mean=before.mean,
                second=before.second,
                shared=before.shared,
                spread=before.spread,
                why=before.why,
            )
            tape.link(source, tape.add(part, belief), part.numel() / max(1, tensor.numel()))


def pooled(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    """Pooling, and means over axes: how much is left is measured, as neighbours are correlated."""
    tensor = args[0]
    output = result[0] if isinstance(result, tuple) else result
    if not isinstance(output, Tensor) or output.ndim == 0:
        return
    source = tape.of(tensor)
    before, seen, after = tape.beliefs[source], measure(tensor), measure(output)
    ratio = after.second / max(seen.second, 1e-30)
    mean = after.mean * math.sqrt(before.second / max(seen.second, 1e-30))
    together = after.shared() / max(after.second, 1e-30)
    second = before.second * ratio
    belief = Belief(
        mean=mean,
        second=second,
        shared=lambda: together * second,
        spread=before.spread,
        why=before.why,
    )
    # A maximum passes its gradient to one element, a mean an equal part of it to each.
    share = output.numel() / tensor.numel()
    biggest = bool((output.amax() == tensor.amax()).item()) and after.second >= seen.second
    tape.link(source, tape.add(output, belief), share if biggest else share**2)


def loss(tape: Tape, args: Any, kwargs: Any, result: Any) -> None:
    tensor = forms.argument(args, kwargs, 0, "input")
    node = tape.node(tensor)
    if node is not None:
        tape.output, tape.output_tensor = node, tensor


@cache
def table() -> dict[Any, Handler]:
    """What is known of a function by the function itself."""
    known: dict[Any, Handler] = {F.linear: linear, torch.addmm: addmm}
    for dims in (1, 2, 3):
        known[getattr(F, f"conv{dims}d")] = conv
        for name in ("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool"):
            known[getattr(F, f"{name}{dims}d")] = pooled
    for name in ("dropout", "alpha_dropout", "dropout1d", "dropout2d", "dropout3d"):
        known[getattr(F, name)] = dropout
    for function, (kind, shift) in forms.norms().items():
        known[function] = norm(kind, shift)
    for function in forms.losses():
        known[function] = loss
    return known


# And by its name, of those that are methods of tensors too.
BY_NAME: dict[str, Handler] = {
    **dict.fromkeys(
        """view reshape flatten permute transpose contiguous unsqueeze squeeze chunk split unbind
        expand clone to float double movedim swapaxes t __getitem__ select narrow unflatten detach
        view_as expand_as requires_grad_ T mT roll flip index_select repeat""".split(),
        neutral,
    ),
    **dict.fromkeys("add __add__ __radd__ add_ __iadd__ sub __sub__".split(), add),
    **dict.fromkeys("mul __mul__ __rmul__ div __truediv__ mul_ div_ neg".split(), scaled),
    **dict.fromkeys(["mean", "_max_pool2d", "boolean_dispatch"], pooled),
}


def activation(tape: Tape, record: Activation | None, z: Tensor, a: Tensor, training: bool) -> Edge:
    """A site: from the node of z to a new one of a."""
    source = tape.node(z)
    if source is None:
        source = tape.of(a)  # in place: z was a copy, and a lies where z lay
    before = tape.beliefs[source]
    if record is None:
        target = tape.measured(a, "behind a function that the catalogue does not know")
        return Edge(source=source, target=target, factor=math.nan)
    out = through(record, before.mean, before.variance, training)

    def together() -> float:
        second = max(before.second, 1e-30)
        return shared(record, float(f"{second:.4g}"), float(f"{before.shared() / second:.4g}"))

    units = a.shape[1] if a.ndim > 2 else a.shape[-1]
    spread = min(out.elasticity**2 * before.spread + out.spread / units, 1e30)
    if out.elasticity > STEEP:
        tape.steep = record.name
    target = tape.add(
        a, Belief(mean=out.mean, second=out.second, shared=together, spread=spread, why=before.why)
    )
    drift = abs(out.slope_elasticity) * math.sqrt(before.spread)
    return tape.link(source, target, out.slope, max(out.slope_spread, 0.0) / units, drift)
