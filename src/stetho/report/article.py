"""The claims' results → their report, the page's, and the JSON form, schema `stetho/article/1`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from stetho.record import ArticleResult, ClaimResult, Measure, Verdict
from stetho.report.claim_phrases import summary
from stetho.report.json_form import strict
from stetho.report.tree import ClaimBlock, ClaimList, KeyValues, Paragraph, Report, Section, Tone

INTRODUCTION = (
    "A deep network learns by sending a gradient back through its layers. Whether that works hangs "
    "to a good part on one small choice: the activation function. An article of 2018 (Ayoosh "
    "Kathuria, Vanishing Gradients and Choosing the Right Activation Function) says why, and which "
    "one to take. Here each of its claims is an experiment: what must be measured for it to hold "
    "is fixed before it runs, and the verdict follows from the numbers.",
)

PROSE: dict[str, tuple[str, ...]] = {
    "a": (
        "Each layer sees what the one before it gives. Three things are said to make that easy to "
        "learn from: numbers on both sides of zero, spread like a bell, and much the same from one "
        "batch to the next. When they move while the network trains, each layer has to learn again "
        "what it knew: this is called internal covariate shift.",
    ),
    "b": (
        "On its way back the gradient is multiplied at each layer with the slope of the activation "
        "function and with the weights: that is the chain rule. Where these factors are below 1, "
        "what comes to the first layers is a product of many small numbers. The gradient has "
        "vanished, and these layers stay as chance has made them.",
        "A unit is saturated where its function is flat: its input is so high or so low that the "
        "slope is next to 0. It passes on no gradient, and its own weights, which learn by the "
        "same slope, need many steps to come back.",
    ),
    "c": (
        "ReLU gives 0 below zero and its input above. Its slope is 1 or 0, so that it does not "
        "shrink a gradient that it passes. It saturates on one side only: a unit can say how much "
        "of its feature is there, and a plain 0 where there is none.",
        "Two faults come with it. A unit whose input is below zero for all data gives 0, gets no "
        "gradient, and can never come back: it is dead (dying ReLU). And as its outputs are never "
        "negative, the weights that read them get gradients of one sign for a sample: they can "
        "only all rise or all fall, and the way to the optimum is a zig-zag.",
    ),
    "d": (
        "What if the negative side is not cut off, but made small? Leaky ReLU has a fixed slope "
        "below zero; the randomised form draws it anew each time; PReLU learns it. No unit can "
        "die, and outputs have both signs, but nothing saturates any more.",
    ),
    "e": (
        "ELU wants both: outputs with a mean near zero, and a side that saturates. Above zero it "
        "is the identity, below it is α(eˣ − 1), which bends towards −α. The exponential has its "
        "price.",
    ),
    "advice": (
        "The article's advice in four steps: take ReLU first; if it disappoints, Leaky ReLU or "
        "ELU; with time to spare compare the ones with random or learned slopes; and know that "
        "batch normalisation does much of the work. What holds for you is seen on your own "
        "network: `stetho choose train.py` makes that comparison inside of an unchanged script.",
    ),
    "others": (
        "Things that the article's series names beside: the optimizers, which can hide a vanished "
        "gradient or not; the LSTM, which keeps a gradient alive through time; and a detector of "
        "the YOLO kind, which uses Leaky ReLU.",
    ),
}


FEW = 3  # claims up to which everything is told of each


@dataclass(frozen=True, slots=True)
class Group:
    key: str  # how the ids of its claims begin, in small letters
    title: str


GROUPS = (
    Group("a", "What a layer's input should look like"),
    Group("b", "Vanishing gradients and saturation"),
    Group("c", "ReLU"),
    Group("d", "Leaky, randomised and parametric ReLU"),
    Group("e", "ELU"),
    Group("advice", "How to choose"),
    Group("others", "Optimizers, LSTM and YOLO"),
)


def group_of(result: ClaimResult) -> Group:
    stem = result.id.lower().rstrip("0123456789").rstrip("-")
    return next((one for one in GROUPS if one.key == stem), GROUPS[-1])


def grouped(result: ArticleResult) -> Iterator[tuple[Group, tuple[ClaimResult, ...]]]:
    for group in GROUPS:
        members = tuple(one for one in result.claims if group_of(one) is group)
        if members:
            yield group, members


def article_report(result: ArticleResult) -> Report:
    """For a terminal: everything of up to three claims, of more what decided."""
    whole = len(result.claims) <= FEW
    sections = [
        Section(group.title, tuple(ClaimBlock(one, whole) for one in members), group.key)
        for group, members in grouped(result)
    ]
    sections.append(Section("", (Paragraph(summary(result), Tone.STRONG),), "verdict"))
    if not whole:
        sections.append(Section("", (KeyValues(_next(result)),), "next"))
    return Report("stetho article", tuple(sections))


def _next(result: ArticleResult) -> tuple[tuple[str, str], ...]:
    first = result.claims[0].id
    return (
        ("Everything of one claim", f"stetho article {first}"),
        ("With pictures", "stetho article --html article.html"),
    )


def article_page_report(result: ArticleResult) -> Report:
    counts = [len(one.pictures) for one in result.claims]
    first = dict(zip((one.id for one in result.claims), accumulate(counts, initial=0)))
    opening = Section(
        "",
        (
            Paragraph(summary(result), Tone.STRONG),
            *(Paragraph(text) for text in INTRODUCTION),
            ClaimList(result.claims),
        ),
        "claims",
    )
    groups = tuple(
        Section(
            group.title,
            (
                *(Paragraph(text) for text in PROSE[group.key]),
                *(ClaimBlock(one, True, first[one.id]) for one in members),
            ),
            group.key,
        )
        for group, members in grouped(result)
    )
    return Report("article", (opening, *groups))


SCHEMA = "stetho/article/1"


def article_json(result: ArticleResult) -> dict[str, Any]:
    """Pictures are left out: they are the page's."""
    plain: dict[str, Any] = strict(
        {
            "schema": SCHEMA,
            "quick": result.quick,
            "base_seed": result.base_seed,
            "created": result.created,
            "machine": result.machine,
            "seconds": result.seconds,
            "claims": [_claim(one) for one in result.claims],
        }
    )
    return plain


def _claim(one: ClaimResult) -> dict[str, Any]:
    form = asdict(one)
    del form["pictures"]
    measured = [{**asdict(m), "answer": m.answer.value if m.asked else None} for m in one.measures]
    del form["measures"]
    return {**form, "verdict": one.verdict.value, "measured": measured}


def article_of(form: dict[str, Any]) -> ArticleResult:
    """What `article_json` wrote, without its pictures."""
    return ArticleResult(
        claims=tuple(_claim_of(one) for one in form["claims"]),
        quick=form["quick"],
        base_seed=form["base_seed"],
        created=form["created"],
        machine=form["machine"],
        seconds=form["seconds"],
    )


def _claim_of(form: dict[str, Any]) -> ClaimResult:
    kept = {key: value for key, value in form.items() if key not in ("measured", "verdict")}
    kept["seeds"] = tuple(form["seeds"])
    return ClaimResult(
        **kept,
        verdict=Verdict(form["verdict"]),
        measures=tuple(_measure_of(one) for one in form["measured"]),
    )


def _measure_of(form: dict[str, Any]) -> Measure:
    kept = {key: value for key, value in form.items() if key != "answer"}
    numbers = {key: _number(kept[key]) for key in kept if key not in ("what", "unit")}
    return Measure(**{**kept, **numbers})


def _number(value: Any) -> float:
    """NaN is null in JSON, and infinity a word."""
    return math.nan if value is None else float(value)
