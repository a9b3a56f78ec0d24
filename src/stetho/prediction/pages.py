"""Rows of `compare_stacks` → their JSON form and their page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from stetho.prediction.model import finite
from stetho.prediction.stack import StackRow
from stetho.report import report_html, tree

KIND = tree.ColumnKind
COLUMNS = (
    tree.Column("function", KIND.NAME),
    tree.Column("gain", KIND.NUMBER),
    tree.Column("z² at end", KIND.NUMBER),
    tree.Column("gradient", KIND.FACTOR),
    tree.Column("ξ", KIND.NUMBER),
    tree.Column("reach", KIND.NUMBER),
    tree.Column("critical σ_w², σ_b²", KIND.TEXT),
    tree.Column("fits", KIND.TEXT),
    tree.Column("", KIND.LOG_BAR, (1e-12, 1.0)),
)
NOTE = (
    "gradient: rms at the first layer against the last, also as a bar on a log scale; ξ: layers "
    "over which what two inputs have apart shrinks to 1/e; reach: about 6 ξ."
)


def stack_json(rows: Sequence[StackRow], depth: int) -> dict[str, Any]:
    functions = [
        {key: finite(value) if isinstance(value, float) else value for key, value in row}
        for row in (asdict(row).items() for row in rows)
    ]
    return {"schema": "stetho/predict/1", "depth": depth, "functions": functions}


def stack_page(rows: Sequence[StackRow], depth: int) -> str:
    fit = [row.name for row in rows if row.fits]
    verdict = (
        f"{len(fit)} of {len(rows)} functions carry signal and gradient through {depth} layers"
    )
    report = tree.Report(
        f"A plain stack of {depth} layers",
        (
            tree.Section(
                "",
                (
                    tree.Paragraph(f"{verdict}: {', '.join(fit) or 'none'}.", tree.Tone.STRONG),
                    tree.Paragraph("Each function with its own forward gain.", tree.Tone.QUIET),
                ),
                "summary",
            ),
            tree.Section(
                "Functions",
                (
                    tree.Table(COLUMNS, tuple(_cells(row) for row in rows)),
                    tree.Paragraph(NOTE, tree.Tone.QUIET),
                ),
                "functions",
            ),
        ),
    )
    return report_html(report, form=stack_json(rows, depth))


def _cells(row: StackRow) -> tuple[tree.Cell, ...]:
    point = f"{row.critical[0]:.4f}, {row.critical[1]:g}" if row.critical else "none"
    return (
        row.name,
        row.gain,
        row.length,
        row.gradient,
        row.depth_scale,
        row.trainable_depth,
        point,
        "yes" if row.fits else "no",
        row.gradient,
    )
