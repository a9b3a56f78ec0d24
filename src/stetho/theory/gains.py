"""An activation function → the gain that its weights need at initialisation.

With weights of variance gain² / fan-in a layer keeps, at z ~ N(0, q): for `forward` the second
moment of z (He et al. 2015, eq. 10, for ReLU: √2), for `variance` its variance (what LeCun's
normalised inputs ask for; the gammas of NFNets, Brock et al. 2021), for `backward` the second
moment of the gradient (He et al. 2015, eq. 14).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from stetho.errors import UsageError
from stetho.theory.moments import GaussianMoments, moments
from stetho.theory.resolve import AnyFunction, resolve

KINDS: dict[str, Callable[[GaussianMoments], float]] = {
    "forward": lambda m: m.second / (m.q or 1.0),
    "variance": lambda m: m.variance / (m.q or 1.0),
    "backward": lambda m: m.slope,
}


def gain(
    function: AnyFunction, kind: str = "forward", *, q: float = 1.0, training: bool = True
) -> float:
    """The gain of any activation function.

    >>> round(gain("relu"), 6)
    1.414214

    Args:
        function: a name (`"elu:alpha=0.5"`), a torch function, a module or any callable.
        kind: "forward" 1/√(E φ²/q), "variance" 1/√(Var φ/q) or "backward" 1/√(E φ'²).
        q: the variance of z at which it is to hold.
        training: of randomised functions the training form.

    Raises:
        UsageError: there is no such kind, or the function passes nothing at this variance.
    """
    if kind not in KINDS:
        raise UsageError(f"expected a kind of gain ({', '.join(KINDS)}), got {kind!r}")
    record = resolve(function)
    share = KINDS[kind](moments(record, q, training))
    if not share > 0:
        raise UsageError(
            f"expected a function that passes something on, but {record.name} has a {kind} share "
            f"of {share:g} at variance {q:g}: no gain makes up for that"
        )
    return 1 / math.sqrt(share)
