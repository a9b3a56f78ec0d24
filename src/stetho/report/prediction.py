"""Predicted → Report: what theory says of a model, or of the same model with several functions."""

from __future__ import annotations

import math
from collections.abc import Mapping

from stetho.record import Predicted
from stetho.report.numbers import number
from stetho.report.site_table import log_scale
from stetho.report.tree import (
    Chart,
    Column,
    ColumnKind,
    Items,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)

DEPTH = Chart(
    "depth",
    "Predicted gradient by depth",
    "Left: the first layer, right: the last. Band: where the gradient of 95 % of networks of this "
    "width lies. A line that falls towards the left does not reach the first layers.",
)


def predicted_report(predictions: Mapping[str, Predicted]) -> Report:
    """`predictions`: by the function that is at every site; "" for the model as it is."""
    first = next(iter(predictions.values()))
    told = tuple(f"{name}: {summary(one)}" for name, one in predictions.items())
    words = Paragraph(summary(first), Tone.STRONG) if len(told) == 1 else Items(told)
    sections = [Section("", (words, DEPTH), "verdict")]
    for place, (name, predicted) in enumerate(predictions.items()):
        title = f"With {name} at every site" if name else "Site by site"
        sections.append(Section(title, (_table(predicted), *_notes(predicted)), f"sites-{place}"))
    return Report("Predicted, before any training", tuple(sections))


def summary(predicted: Predicted) -> str:
    """How the gradient changes from the last site to the first, in a sentence."""
    known = [site for site in predicted.sites if site.grad_rms > 0]
    if len(known) < 2:
        return "Theory says nothing of the gradient of this model."
    ratio = known[0].grad_rms / known[-1].grad_rms
    fate = "it vanishes" if ratio < 1e-3 else "it explodes" if ratio > 1e3 else "it stays in bounds"
    return (
        f"The gradient at {known[0].name} is predicted to be {number(ratio)} times that at "
        f"{known[-1].name}: {fate}."
    )


def _table(predicted: Predicted) -> Table:
    scale = log_scale([site.grad_rms for site in predicted.sites])
    columns = (
        Column("site", ColumnKind.NAME),
        Column("z std", ColumnKind.NUMBER),
        Column("slope\nfactor", ColumnKind.FACTOR),
        Column("gradient\nrms", ColumnKind.NUMBER),
        Column("95 % from", ColumnKind.NUMBER),
        Column("to", ColumnKind.NUMBER),
        *((Column("", ColumnKind.LOG_BAR, scale),) if scale else ()),
    )
    rows = (
        (
            site.name,
            site.z_std,
            site.slope_factor,
            site.grad_rms,
            *site.grad_band,
            *((site.grad_rms,) if scale else ()),
        )
        for site in predicted.sites
    )
    return Table(columns, tuple(rows))


def _notes(predicted: Predicted) -> tuple[Paragraph | Items, ...]:
    made: list[Paragraph | Items] = []
    if predicted.relative:
        made.append(
            Paragraph(
                "Gradients are relative to that at the output: no loss was given.", Tone.QUIET
            )
        )
    if not math.isnan(predicted.depth_scale):
        made.append(
            Paragraph(
                f"Depth scale {number(predicted.depth_scale)} layers; trainable to about "
                f"{number(predicted.trainable_depth)} (a plain network with these variances).",
                Tone.QUIET,
            )
        )
    doubts = tuple(f"{site.name}: {site.why}" for site in predicted.sites if not site.valid)
    if doubts:
        made += [Paragraph("Theory is doubtful at:", Tone.QUIET), Items(doubts)]
    if predicted.unmodelled:
        text = f"Measured, not modelled: {', '.join(predicted.unmodelled)}."
        made.append(Paragraph(text, Tone.QUIET))
    return tuple(made)
