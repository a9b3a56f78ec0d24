"""Numbers → the few characters that a report spends on them, the same everywhere."""

from __future__ import annotations

import math

from stetho.record import Evidence

MISSING = "–"  # not measured


def number(value: float) -> str:
    """Three significant digits: 0.0123, 12.3, 1,230, 1.23e-07, 1.23e+06; `–` for nan."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if not size:
        return "0"
    if size < 0.9995e-3 or size >= 999_500:
        return f"{value:.3g}"
    if size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def fixed(value: float) -> str:
    """As `number`, with its zeros kept, so that a column or a comparison lines up: 0.500."""
    size = abs(value)
    if 0.9995e-3 <= size < 999.5:
        return f"{value:#.3g}".rstrip(".")
    if not size or not math.isfinite(size) or 999.5 <= size < 999_500:
        return number(value)
    return f"{value:.2e}"


def factor(value: float) -> str:
    """What something is multiplied with: 0.247×."""
    text = number(value)
    return text if math.isnan(value) else f"{text}×"


def percent(share: float) -> str:
    """A share of 0 … 1: 12 %, 1.3 %, 0.0012 %. Only what is all of it reads as 100 %."""
    if math.isnan(share):
        return MISSING
    value = 100 * share
    if 0 < abs(value) < 0.1:
        return f"{number(value)} %"
    if 99.9 < value < 100:
        return ">99.9 %"
    if abs(value) < 9.95 or 99.5 <= value < 100:
        return f"{value:.1f} %".replace(".0 %", " %")
    return f"{value:,.0f} %" if math.isfinite(value) else f"{number(value)} %"


def whole_percent(share: float) -> str:
    """The same for narrow columns: 12 %, <1 %, >99 %."""
    value = 100 * share
    if 0 < value < 0.5:
        return "<1 %"
    if 99.5 <= value < 100:
        return ">99 %"
    return MISSING if math.isnan(share) else f"{value:.0f} %"


def whole(value: float) -> str:
    """A count: 3,200."""
    return f"{value:,.0f}" if math.isfinite(value) else number(value)


def quantity(value: float, unit: str) -> str:
    """A number with the unit of its evidence; `%` takes a share of 0 … 1."""
    if unit == "%":
        return percent(value)
    if unit == "×":
        return factor(value)
    if unit == "step":
        return f"step {whole(value)}"
    if unit == "steps":
        return f"{whole(value)} steps"
    return f"{number(value)} {unit}".rstrip()


def against_limit(evidence: Evidence) -> str:
    """`1.2e-07 (limit 0.001)`, or the value alone where there is no limit."""
    value = quantity(evidence.value, evidence.unit)
    if math.isnan(evidence.limit):
        return value
    return f"{value} (limit {quantity(evidence.limit, evidence.unit)})"


def decade(value: float) -> str:
    """A power of ten for the ends of a log scale: 1e-09."""
    return f"{value:.0e}"
