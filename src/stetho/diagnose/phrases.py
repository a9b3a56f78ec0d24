"""Turns values and names into the words of a message."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stetho.record import Site

LEAST = 1e-3  # share of the blame that is worth naming


def number(value: float) -> str:
    """Three significant digits: 0.0123, 2.30, 3.2e-10."""
    if not math.isfinite(value):
        return "not known" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:#.3g}".rstrip(".") if 0 < abs(value) < 1000 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.2g} %"


def counted(number: int, noun: str) -> str:
    """1 note, 2 notes."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def at(site: Site) -> str:
    """Return a site's name, with the layer before the site where the name does not show it."""
    bare = "/" not in site.name and site.layer is not None
    return f"{site.name} (after {site.layer})" if bare else site.name


def some(names: Sequence[str]) -> str:
    """Return one name, or the first name and how many more there are."""
    if len(names) == 1:
        return names[0]
    return f"{names[0]} and {len(names) - 1} more"


def and_others(count: int, noun: str = "site") -> str:
    """Return a clause on how many others show the same symptom; empty for none."""
    if count < 1:
        return ""
    return (
        f"; {count} more {noun}{'' if count == 1 else 's'} {'is' if count == 1 else 'are'} affected"
    )


def normalised(shares: dict[str, float]) -> dict[str, float]:
    """Return the shares scaled to sum to 1, without negligible ones."""
    positive = {name: max(0.0, value) for name, value in shares.items()}
    total = sum(positive.values())
    if total <= 0:
        return {"unknown": 1.0}
    kept = {name: value for name, value in positive.items() if value > LEAST * total}
    return {name: value / sum(kept.values()) for name, value in kept.items()}
