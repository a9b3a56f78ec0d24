"""A prediction, alone or beside a measurement → lines for a terminal, at most 80 wide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stetho.prediction.compare import Comparison
    from stetho.prediction.model import Prediction
    from stetho.prediction.stack import StackRow

WIDEST = 34  # of a site's name


def prediction_text(prediction: Prediction) -> str:
    rows = [("site", "z std", "slope", "gradient rms", "95 % band", "")]
    for site in prediction.sites:
        band = f"{number(site.band[0])} … {number(site.band[1])}"
        mark = "" if site.valid else "?"
        cells = (number(site.z_std), f"{number(site.slope_factor)}×", number(site.grad_rms), band)
        rows.append((_short(site.name), *cells, mark))
    lines = ["Predicted, before any training", *_columns(rows)]
    if prediction.relative:
        lines.append("Gradients are relative to that at the output: no loss was given.")
    if not math.isnan(prediction.depth_scale):
        lines.append(
            f"Depth scale {number(prediction.depth_scale)} layers; trainable to about "
            f"{number(prediction.trainable_depth)} (a plain network with these variances)."
        )
    lines += _doubts([(site.name, site.why) for site in prediction.sites if not site.valid])
    if prediction.unmodelled:
        lines.append(f"Measured, not modelled: {', '.join(prediction.unmodelled)}.")
    return "\n".join(
        line for text in lines for line in (textwrap.wrap(text, 80) if len(text) > 80 else [text])
    )


def stack_text(rows: Sequence[StackRow], depth: int) -> str:
    table = [
        ("function", "gain", "z² at end", "gradient", "ξ", "reach", "critical σ_w², σ_b²", "fits")
    ]
    for row in rows:
        point = f"{row.critical[0]:.4f}, {row.critical[1]:g}" if row.critical else "none"
        table.append(
            (
                row.name,
                f"{row.gain:.4f}",
                number(row.length),
                f"{number(row.gradient)}×",
                number(row.depth_scale),
                number(row.trainable_depth),
                point,
                "yes" if row.fits else "no",
            )
        )
    head = f"A plain stack of {depth} layers, each function with its own forward gain"
    note = (
        "gradient: rms at the first layer against the last; ξ: layers over which what two inputs "
        "have apart shrinks to 1/e; reach: about 6 ξ."
    )
    return "\n".join([head, *_columns(table), *textwrap.wrap(note, 80)])


def comparison_text(comparison: Comparison) -> str:
    rows = [("site", "z std", "theory", "gradient", "theory", "")]
    for row in comparison.rows:
        mark = "" if row.agrees else "apart"
        rows.append(
            (
                _short(row.name),
                number(row.z_std),
                number(row.z_predicted),
                number(row.grad_rms),
                number(row.grad_predicted),
                mark if row.valid else f"{mark} ?".strip(),
            )
        )
    lines = ["Measured, and predicted by theory", *_columns(rows)]
    if comparison.first_apart is not None:
        lines.append(f"They first part at {comparison.first_apart}: {comparison.why}.")
    elif not comparison.modelled:
        lines.append("Theory models none of these sites in full.")
    else:
        lines.append("They agree at every site that theory models, within its 95 % band.")
    return "\n".join(
        line for text in lines for line in (textwrap.wrap(text, 80) if len(text) > 80 else [text])
    )


def _doubts(doubts: Sequence[tuple[str, str]]) -> list[str]:
    """Each reason once, with the sites that it is for."""
    by_reason: dict[str, list[str]] = {}
    for name, why in doubts:
        by_reason.setdefault(why, []).append(name)
    return [
        f"? {names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {why}."
        for why, names in by_reason.items()
    ]


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        " ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def _short(name: str) -> str:
    return name if len(name) <= WIDEST else f"…{name[-WIDEST + 1 :]}"


def number(value: float) -> str:
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:#.3g}".rstrip(".") if abs(value) < 1000 else f"{value:.0f}"
    return f"{value:.1e}"
