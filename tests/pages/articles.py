"""Results of claims as they might be, with every kind of measure, picture and verdict."""

from __future__ import annotations

import math

from stetho.record import ArticleResult, ClaimResult, Measure, Picture, Series, Verdict

NAMED = "<script>alert(1)</script>"


def a_claim(id: str = "B4", verdict: Verdict = Verdict.HOLDS) -> ClaimResult:
    measures = (
        Measure("first over last", 0.01, 0.005, 0.02, at_most=0.05, expected=0.012, unit="×"),
        Measure("accuracy", 0.5, 0.4, 0.6, at_least=0.9, unit="%"),
        Measure("noise", 1.0, -1.0, 3.0, at_least=0.0),
        Measure("to read", 2.0, 2.0, 2.0),
        Measure("not known", math.nan, math.nan, math.nan, at_least=1.0),
    )
    lines = Picture(
        title="Moves",
        caption="Early layers stay.",
        x="layer",
        y="way",
        series=(
            Series(
                "mean", (1, 2, 3), (0.001, 0.01, 0.1), (0.0005, 0.005, 0.05), (0.002, 0.02, 0.2)
            ),
            Series("seed 0", (1, 3), (0.002, 0.2), points=True),
        ),
        log_y=True,
    )
    named = Picture(
        title="By function", caption="More is better.", x="function", y="accuracy",
        series=(Series(NAMED, (0, 1), (0.2, 0.9), points=True),), ticks=("sigmoid", NAMED),
    )  # fmt: skip
    wide = Picture(
        title="By size", caption="It grows.", x="samples", y="gain",
        series=(Series("", (1, 10, 1000), (1, 2, 3)),),
        log_x=True,
    )  # fmt: skip
    return ClaimResult(
        id=id, title="Early layers hardly learn", says="They do not learn.",
        experiment="A network.\n    It is trained.",
        criterion="It moves less.", verdict=verdict, reason="first over last: yes; accuracy: "
        "no", measures=measures, take_away="Look at moves.",
        pictures=(lines, named, wide), seeds=(0, 1, 2), seconds=3.2,
    )  # fmt: skip


def an_article() -> ArticleResult:
    ids = ("A1", "B4", "advice-1", "LSTM")
    claims = tuple(a_claim(id, verdict) for id, verdict in zip(ids, Verdict))
    return ArticleResult(
        claims=claims,
        quick=True,
        base_seed=7,
        created="2026-01-02T03:04:05+00:00",
        machine="CPU, 2 cores",
        seconds=61.0,
    )
