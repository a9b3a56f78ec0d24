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
    "A deep network learns by sending a gradient back through its layers. Whether the gradient "
    "arrives depends to a large part on one small choice: the activation function. An article of "
    "2018 (Ayoosh Kathuria, Vanishing Gradients and Choosing the Right Activation Function) "
    "explains why, and which function to choose. Here, each of its claims is an experiment. The "
    "measurements that decide a claim are fixed before the experiment runs.",
)

PROSE: dict[str, tuple[str, ...]] = {
    "a": (
        "Each layer reads the output of the layer before it. Three properties are said to make "
        "that output easy to learn from: values of both signs, a bell-shaped distribution, and the "
        "same distribution from one batch to the next. If the distribution moves during training, "
        "each layer must adapt again. This is called internal covariate shift.",
    ),
    "b": (
        "On the way back, each layer multiplies the gradient by the slope of the activation "
        "function and by the weights (the chain rule). If these factors are below 1, the gradient "
        "at the first layers is a product of many small numbers. Such a gradient has vanished, and "
        "the first layers keep their random weights.",
        "A unit is saturated where its function is flat: its input is so high or so low that the "
        "slope is close to 0. A saturated unit passes on no gradient. Its own weights learn "
        "through the same slope, so they need many steps to recover.",
    ),
    "c": (
        "ReLU returns 0 for negative inputs and the input itself for positive ones. Its slope is 1 "
        "or 0, so it does not shrink the gradients that it passes on. It saturates on one side "
        "only: a unit can report how strongly its feature is present, and 0 if it is absent.",
        "ReLU has two weaknesses. A unit whose input is negative for all data returns 0, gets no "
        "gradient and cannot recover: it is dead (dying ReLU). And since its outputs are never "
        "negative, all weights that read them get gradients of one sign for a sample. They can "
        "only rise together or fall together, so the path to the optimum is a zig-zag.",
    ),
    "d": (
        "The negative side can be made small instead of being cut off. Leaky ReLU has a fixed "
        "slope below zero, randomised ReLU draws the slope again each time, and PReLU learns it. "
        "No unit can die, and outputs have both signs, but nothing saturates any more.",
    ),
    "e": (
        "ELU combines both: outputs with a mean near zero, and one side that saturates. It is the "
        "identity above zero and α(eˣ − 1) below, which approaches −α. The exponential costs time.",
    ),
    "advice": (
        "The article advises in four steps. Try ReLU first. If it disappoints, try Leaky ReLU or "
        "ELU. With time to spare, compare the functions with random or learned slopes. And batch "
        "normalisation does much of the work. Your own network decides: `stetho choose train.py` "
        "makes this comparison inside an unchanged script.",
    ),
    "others": (
        "The article's series also mentions optimizers, which may or may not hide a vanished "
        "gradient; the LSTM, which keeps a gradient alive through time; and the YOLO detector, "
        "which uses Leaky ReLU.",
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
