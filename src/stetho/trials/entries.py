"""Candidates and what a scout saw → the entries of a race: what each puts into the script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stetho.trials.carrying import hopeless, needs_weights
from stetho.trials.recipe import in_catalogue, parse
from stetho.trials.trial import Place, Scouting, Script, Trial

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
