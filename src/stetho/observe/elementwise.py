"""What a module called, and what it gave → does it bend every element by itself?

Names of functions settle the common cases. Where they leave it open (indexing, sums over its own
coefficients, random slopes), the Jacobian is measured, by two products with a mask.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

import torch
from torch import Tensor

from stetho import activations
from stetho.observe.aside import saved_by_hooks
from stetho.record import Function

SAMPLES = 512  # values that are compared
SPREAD = 0.1  # z must cover at least this range on both sides of 0 to tell functions apart
ROUNDINGS = 16  # of single precision, that a formula in several steps may be off


def recognise(z: Tensor, a: Tensor) -> Function | None:
    """The catalogue function nearest to z → a, if it is as near as rounding lets it be."""
    step = max(1, z.numel() // SAMPLES)
    before = z.reshape(-1)[::step].double()
    after = a.reshape(-1)[::step].double()
    if not before.numel() or not before.min() <= -SPREAD or not before.max() >= SPREAD:
        return None
    epsilon = torch.finfo(a.dtype).eps
    tolerance = max(4 * epsilon, min(ROUNDINGS * epsilon, 1e-5))
    allowed = tolerance * (1 + after.abs() + before.abs())
    distances: dict[float, Function] = {}
    for known in activations.catalogue():
        if not (known.gate or known.random or known.name == "identity"):
            distance = ((known.phi(before) - after).abs() / allowed).max()
            distances.setdefault(float(distance), known.facts)
    nearest = min(distances)
    return distances[nearest] if nearest <= 1 else None


# What shapes, moves or creates without mixing elements.
NEUTRAL = frozenset(
    """__get__ __set__ dim size numel item tolist is_floating_point type to float half bfloat16
    double view reshape view_as expand expand_as contiguous clone detach zeros_like ones_like
    full_like empty_like tensor as_tensor requires_grad_ unsqueeze squeeze broadcast_to new_zeros
    new_ones new_full scalar_tensor is_complex __len__ type_as data_ptr stride nelement ndimension
    device is_cuda set_grad_enabled _set_grad_enabled __bool__ __float__ __contains__""".split()
)
LINEAR = frozenset(
    """add add_ sub sub_ rsub __rsub__ __radd__ __rmul__ mul mul_ div div_ true_divide __rdiv__
    __rtruediv__ __add__ __sub__ __mul__ __truediv__ neg neg_ negative __neg__ addcmul addcdiv
    lerp subtract multiply divide""".split()
)
NONLINEAR = frozenset(
    """abs abs_ absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan
    atan2 arctan2 atanh celu clamp clamp_ clamp_min clamp_min_ clamp_max clamp_max_ clip clip_ cos
    cosh elu elu_ erf erfc erfinv exp exp_ exp2 expm1 expit fmod frac gelu hardshrink hardsigmoid
    hardswish hardtanh hardtanh_ heaviside hypot leaky_relu leaky_relu_ ldexp log log10 log1p log2
    log_sigmoid logsigmoid logaddexp logaddexp2 masked_fill masked_fill_ maximum max minimum min
    mish pow pow_ __pow__ __rpow__ prelu reciprocal relu relu6 relu_ relu6_ remainder round rrelu
    rsqrt selu selu_ sgn sigmoid sigmoid_ sign silu sin sinc sinh softplus softshrink softsign sqrt
    square square_ tan tanh tanh_ tanhshrink threshold threshold_ trunc where xlogy floor ceil
    i0 i0e i1 i1e lgamma digamma fmax fmin copysign nan_to_num rad2deg deg2rad""".split()
)
COMPARING = frozenset(
    """gt ge lt le eq ne __gt__ __ge__ __lt__ __le__ __eq__ __ne__ greater less greater_equal
    less_equal logical_and logical_or logical_not __and__ __or__ __invert__ bitwise_and bitwise_or
    bitwise_not isnan isfinite isinf __rand__ __ror__""".split()
)
ELEMENTWISE = NEUTRAL | LINEAR | NONLINEAR | COMPARING

# What mixes elements, or not, by what it is applied to.
DOUBTFUL = frozenset(
    """__getitem__ __setitem__ any all stack cat unbind chunk split sum cumsum mean softmax sort
    index_select gather arange linspace zeros ones empty full copy_ fill_ tile repeat
    repeat_interleave permute transpose movedim flatten meshgrid bucketize searchsorted unfold
    detach_ cumprod prod amax amin log_softmax narrow flip topk kthvalue scatter scatter_ argmax
    norm var std index_put_ masked_select logsumexp""".split()
)
RANDOM = frozenset(
    """rand randn rand_like randn_like uniform_ normal normal_ bernoulli bernoulli_ randint
    randint_like exponential_""".split()
)
PIECEWISE = COMPARING | {"__setitem__", "masked_select", "index_put_"}
BENDING = LINEAR | NONLINEAR | PIECEWISE | {"softmax", "log_softmax", "logsumexp", "sort", "topk"}
# A module of the script's that mixes elements by these is a normalisation or a pooling.
NORMALISING = frozenset("mean var std var_mean std_mean norm vector_norm".split())
SLOPES_DIFFER = 1e-4  # of the largest slope: samples whose slopes are so far apart bend the data


class Verdict(Enum):
    """What a module is, as far as its first call tells."""

    ACTIVATION = "an activation function"
    LINEAR = "linear, as its parameters stand"  # a learned function may begin so
    MIXING = "bends its elements together, not each by itself"
    OTHER = "something else"  # with layers or normalisations in it


def judge(functions: Collection[str], z: Tensor, output: Tensor) -> Verdict:
    """What a module is that called just these functions and made `output` of z.

    An activation function mixes no elements (no products of matrices, no sums over units), and is
    not linear.
    """
    called = set(functions)
    if called & NONLINEAR and called <= ELEMENTWISE and output.shape == z.shape:
        return Verdict.ACTIVATION
    if not called <= ELEMENTWISE | DOUBTFUL | RANDOM or not called & BENDING:
        return Verdict.OTHER
    if output.shape != z.shape:
        verdict = Verdict.MIXING
    else:
        verdict = _measured(z, output, drawn=bool(called & RANDOM))
    normalises = verdict is Verdict.MIXING and called & NORMALISING
    return Verdict.OTHER if normalises else verdict


def _measured(z: Tensor, output: Tensor, drawn: bool) -> Verdict:
    """By the Jacobian ∂output/∂z: it must be diagonal, with slopes that depend on the sample.

    Half of the elements get a gradient of 1, then the other half: what leaks from one half into
    the other is mixing. Slopes that are the same for every sample belong to a linear function.
    `drawn`: it called for random numbers; slopes that vary by these alone belong to a dropout.
    """
    if saved_by_hooks():
        return Verdict.OTHER  # a checkpoint would compute all of it again
    mask = _mask(output)
    slopes = torch.zeros_like(output)
    for half in (mask, 1 - mask):
        (gradient,) = torch.autograd.grad(output, z, half, retain_graph=True, allow_unused=True)
        if gradient is None or not bool((gradient * (1 - half) == 0).all()):
            return Verdict.MIXING
        slopes += gradient.to(slopes.dtype)
    if slopes.ndim < 2 or slopes.shape[0] < 2:
        return Verdict.ACTIVATION
    apart = (slopes.amax(0) - slopes.amin(0)).max()
    if not bool(apart > SLOPES_DIFFER * slopes.abs().max()):
        return Verdict.LINEAR
    return Verdict.OTHER if drawn and _only_scales(z, output, slopes) else Verdict.ACTIVATION


def _only_scales(z: Tensor, output: Tensor, slopes: Tensor) -> bool:
    """Whether a = slope · z, with slopes that vary alike on both sides of 0: a dropout.

    A leaky ReLU of random slope has one and the same slope for most elements of a side, and
    another one, or none, for those of the other side.
    """
    z, output = z.detach(), output.detach()
    if not torch.allclose(output, slopes * z, rtol=1e-3, atol=1e-5):
        return False
    above, below = _usual(slopes[z > 0]), _usual(slopes[z < 0])
    apart = abs(above[0] - below[0]) > 0.1 * float(slopes.abs().max())
    both_usual = min(above[1], below[1]) > 0.5
    return abs(above[1] - below[1]) < 0.5 and not (both_usual and apart)


def _usual(slopes: Tensor) -> tuple[float, float]:
    """The middle slope, and the share of elements that have exactly it."""
    if not slopes.numel():
        return 0.0, 0.0
    middle = slopes.median()
    return float(middle), float((slopes == middle).double().mean())


def _mask(like: Tensor) -> Tensor:
    """Zeros and ones without a pattern, and without a look at the random generator."""
    place = torch.arange(like.numel(), device=like.device)
    bits = (place * 2654435761 + (place * place) % 104729) >> 7 & 1
    return bits.to(like.dtype).reshape(like.shape)
