"""Two runs → their sites side by side, and what is told of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stetho.record import NAN, Diagnosis, Run, Site
from stetho.report.sections import final_loss
from stetho.report.site_rows import SiteRow, site_rows

Key = Callable[[Site], Hashable]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs."""

    letter: str  # "A" or "B"
    run: Run
    diagnosis: Diagnosis
    file: Path | None = None

    @property
    def steps(self) -> int:
        seen = self.run.loss_steps
        return self.run.overhead.steps or (seen[-1] + 1 if seen else 0)

    @property
    def first_loss(self) -> float:
        return self.run.losses[0] if self.run.losses else NAN

    @property
    def last_loss(self) -> float:
        return final_loss(self.run)

    @property
    def rules(self) -> tuple[str, ...]:
        """Rules that found something, the gravest first."""
        ordered = sorted(self.diagnosis.findings, key=lambda finding: -finding.severity)
        return tuple(dict.fromkeys(finding.rule for finding in ordered))

    @property
    def arrives(self) -> float:
        """How much of the gradient arrives at the first hidden site; nan for fewer than two."""
        hidden = [row for row in site_rows(self.run) if not row.site.output]
        return arriving(hidden, hidden[0]) if len(hidden) > 1 else NAN


@dataclass(frozen=True, slots=True)
class Pair:
    """The same place in both runs; None where only one of them has it."""

    a: SiteRow | None
    b: SiteRow | None


def arriving(rows: Sequence[SiteRow], row: SiteRow) -> float:
    """rms(∂L/∂z) of a row / rms(∂L/∂a) at the last hidden site of its model."""
    last = [r for r in rows if r.site.model == row.site.model and not r.site.output]
    source = last[-1].stats.up_rms if last else NAN
    return row.stats.down_rms / source if source > 0 else NAN


def _name(site: Site) -> Hashable:
    return site.name


def _place(site: Site) -> Hashable:
    """Where it happens, whatever the function: "act/relu#1" and "act/tanh#1" are one place."""
    path, _, function = site.name.rpartition("/")
    return path, function.partition("#")[2]


def _layer(site: Site) -> Hashable:
    return site.layer or site.name


def pairs(a: Run, b: Run) -> tuple[Pair, ...]:
    """Sites of both runs, in the call order of A; then those that only B has.

    The same name first, else the same module, else behind the same layer, else, where both have as
    many left, in call order.
    """
    left, right = list(site_rows(a)), list(site_rows(b))
    matched: dict[str, SiteRow] = {}
    for key in (_name, _place, _layer):
        _match(left, right, matched, key)
    rest = [row for row in left if row.site.name not in matched]
    others = _unmatched(right, matched)
    if len(rest) == len(others):
        matched |= {row.site.name: other for row, other in zip(rest, others)}
    made = [Pair(row, matched.get(row.site.name)) for row in left]
    return tuple(made + [Pair(None, row) for row in _unmatched(right, matched)])


def _unmatched(rows: Sequence[SiteRow], matched: dict[str, SiteRow]) -> list[SiteRow]:
    taken = {row.site.name for row in matched.values()}
    return [row for row in rows if row.site.name not in taken]


def _match(
    left: Sequence[SiteRow], right: Sequence[SiteRow], matched: dict[str, SiteRow], key: Key
) -> None:
    """Add pairs of equal key, where the key is one site's alone on either side."""
    rest = [row for row in left if row.site.name not in matched]
    others = _unmatched(right, matched)
    mine, theirs = _by_key(rest, key), _by_key(others, key)
    for value, rows in mine.items():
        same = theirs.get(value, [])
        if len(rows) == 1 and len(same) == 1:
            matched[rows[0].site.name] = same[0]


def _by_key(rows: Sequence[SiteRow], key: Key) -> dict[Hashable, list[SiteRow]]:
    made: dict[Hashable, list[SiteRow]] = {}
    for row in rows:
        made.setdefault(key(row.site), []).append(row)
    return made


def ratio(a: float, b: float) -> float:
    """How many times as large B is; nan where that says nothing."""
    return b / a if a > 0 and math.isfinite(a) and b == b else NAN
