"""What theory predicts of a function in the user's network → whether it can carry anything.

A *way* is the pair (gradient at the first hidden site against that at the last, signal at the last
against that at the first), both as ratios of root mean squares.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

Way = tuple[float, float]

# A plain network is trainable to a depth of about 6 ξ (Schoenholz et al. 2017), over which the
# squared gradient changes e⁶-fold and its root mean square e³-fold.
REACH = math.exp(3)
# Beyond all doubt: what is smaller by the resolution of float32 is lost in rounding.
NOTHING = 1 / 1.2e-7


def way_of(
    names: Sequence[str],
    z_std: Sequence[float],
    grad_rms: Sequence[float],
    hidden: Collection[str],
) -> Way:
    """One function's way through the hidden sites; NaN where theory has nothing to say.

    `names` of sites in call order, with their z and ∂L/∂z under that function; `hidden` has names
    as the script's own function has them.
    """
    kept = [i for i, name in enumerate(names) if name in hidden]
    z, gradients = [z_std[i] for i in kept], [grad_rms[i] for i in kept]
    known = len(kept) > 1 and all(math.isfinite(value) for value in (*z, *gradients))
    if not known or not gradients[-1] > 0 or not z[0] > 0:
        return math.nan, math.nan
    return gradients[0] / gradients[-1], z[-1] / z[0]


def beyond(way: Way, factor: float) -> str:
    """What of it shrinks or grows by more than a factor, in words; "" if nothing does."""
    gradient, signal = way
    if not math.isnan(gradient) and not 1 / factor <= gradient <= factor:
        return f"the gradient at the first site would be {gradient:.1e} times that at the last"
    if not math.isnan(signal) and not 1 / factor <= signal <= factor:
        return f"the signal at the last site would be {signal:.1e} times that at the first"
    return ""


def hopeless(way: Way) -> str:
    """Why nothing can be learned with the weights as they are; "" if that is not certain."""
    return beyond(way, NOTHING)


def needs_weights(way: Way, incumbent: Way, learns: bool) -> str:
    """Why the author's weights do not suit a function at this depth; "" if they may.

    Where the author's own network learns, that is the yardstick: a function that carries no worse,
    by a factor that a trainable depth allows, keeps the weights.
    """
    why = beyond(way, REACH)
    if not why or not learns or math.isnan(incumbent[0]):
        return why
    worse = tuple(_size(a) / _size(b) for a, b in zip(way, incumbent))
    return why if max(worse) > REACH else ""


def _size(ratio: float) -> float:
    """By how much it shrinks or grows, from 1 on."""
    return max(ratio, 1 / ratio) if ratio > 0 else math.inf
