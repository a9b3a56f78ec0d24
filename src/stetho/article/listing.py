"""Ids of the article's claims, in its order → the experiments in `claims/`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Sequence
from functools import cache

from stetho.article.claim import AbstractClaim
from stetho.errors import UsageError

ORDER = (
    *("A1", "A2", "A3"),
    *("B1", "B2", "B3", "B4", "B5"),
    *("C1", "C2", "C3", "C4", "C5", "C6"),
    *("D1", "D2", "D3", "D4", "D5"),
    *("E1", "E2"),
    *("advice-1", "advice-2", "advice-3", "advice-4"),
    *("optimizers", "LSTM", "YOLO"),
)


@cache
def all_claims() -> tuple[type[AbstractClaim], ...]:
    """The claims that have an experiment, in the article's order."""
    package = importlib.import_module("stetho.article.claims")
    found: list[type[AbstractClaim]] = []
    for module in pkgutil.iter_modules(package.__path__):
        members = vars(importlib.import_module(f"{package.__name__}.{module.name}")).values()
        found += [
            member
            for member in members
            if inspect.isclass(member)
            and issubclass(member, AbstractClaim)
            and not inspect.isabstract(member)
        ]
    return tuple(sorted(found, key=lambda claim: ORDER.index(claim.id)))


def claim_of(id: str) -> type[AbstractClaim]:
    return next(claim for claim in all_claims() if claim.id == id)


def find(asked: Sequence[str]) -> tuple[str, ...]:
    """Ids in the article's order, asked for in any case ("c5"); a letter stands for all of its
    group, and nothing for all.

    Raises:
        UsageError: there is no such claim.
    """
    wanted: set[str] = set()
    for text in asked:
        known = [id for id in ORDER if _matches(text, id)]
        if not known:
            raise UsageError(
                f"expected a claim of the article ({', '.join(ORDER)}), or A to E for a group of "
                f"them, got {text!r}"
            )
        wanted.update(known)
    return tuple(id for id in ORDER if not wanted or id in wanted)


def _matches(text: str, id: str) -> bool:
    given, name = text.strip().lower(), id.lower()
    group = name.rstrip("0123456789").rstrip("-")
    return given in (name, group)
