"""Candidates and what a scout saw → the entries of a race: what each puts into the script.

A *way* is the pair (gradient at the first hidden site against that at the last, signal at the last
against that at the first) that theory predicts of a function in the user's network, both as ratios
of root mean squares. It says whether the function can carry anything there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from stetho.trials.recipe import in_catalogue, parse
from stetho.trials.trial import Place, Scouting, Script, Trial

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


STILL = 0.9  # part of the first losses above which the last ones say that nothing is learned yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One candidate as it enters the race."""

    name: str
    incumbent: bool = False
    init: str = "keep"
    lr: float = 1.0
    note: str = ""  # why its weights are set
    dropped: str = ""  # why it does not enter

    def trial(
        self, script: Script, places: tuple[Place, ...], pair: int, steps: int | None = None
    ) -> Trial:
        return Trial(
            script=script,
            candidate=self.name,
            incumbent=self.incumbent,
            init=self.init,
            pair=pair,
            lr=self.lr,
            steps=steps,
            places=() if self.incumbent else places,
        )

    @property
    def label(self) -> str:
        """Its name, with the learning rate where that is not the script's."""
        return self.name if self.lr == 1 else f"{self.name}, lr × {self.lr:g}"


def entries_of(candidates: Sequence[str], scouting: Scouting, init: str) -> list[Entry]:
    """The script as it is, then each candidate with the weights that it is to begin with.

    With `auto` a function keeps the author's weights unless theory says that they cannot carry
    signal and gradient with it through this depth; then it is put at its critical point. The
    script's own function enters that way too, where its own weights fail it: so that a function is
    not blamed, or praised, for weights.
    """
    incumbent = scouting.incumbent
    found = [Entry(name=incumbent, incumbent=True)]
    own = _entry(incumbent, scouting, init) if in_catalogue(incumbent) else found[0]
    if init == "auto" and own.init != "keep":
        found.append(replace(own, name=f"{incumbent}+{own.init}", init="keep"))
    for name in dict.fromkeys(candidates):
        if name != incumbent:
            found.append(_entry(name, scouting, init))
    return found


def _entry(name: str, scouting: Scouting, init: str) -> Entry:
    recipe = parse(name)
    way = scouting.ways.get(recipe.function.label, (math.nan, math.nan))
    if not recipe.plain or recipe.init is not None:
        return Entry(name=name)
    if init != "auto":
        return Entry(name=name, init=init, dropped=hopeless(way) if init == "keep" else "")
    own = scouting.ways.get(scouting.incumbent, (math.nan, math.nan))
    why = needs_weights(way, own, learns(scouting.outcome.losses))
    return Entry(name=name, init="critical", note=why) if why else Entry(name=name)


def learns(losses: Sequence[float]) -> bool:
    """Whether a loss has fallen by a tenth from where it began."""
    if len(losses) < 20 or not all(map(math.isfinite, losses)):
        return False
    width = max(3, len(losses) // 10)
    first = sorted(losses[:width])[width // 2]
    last = sorted(losses[-width:])[width // 2]
    return last < STILL * first
