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
        "Moves",
        "Early layers stay.",
        "layer",
        "way",
        (
            Series(
                "mean", (1, 2, 3), (0.001, 0.01, 0.1), (0.0005, 0.005, 0.05), (0.002, 0.02, 0.2)
            ),
            Series("seed 0", (1, 3), (0.002, 0.2), points=True),
        ),
        log_y=True,
    )
    named = Picture(
        "By function", "More is better.", "function", "accuracy",
        (Series(NAMED, (0, 1), (0.2, 0.9), points=True),), ticks=("sigmoid", NAMED),
    )  # fmt: skip
    wide = Picture(
        "By size", "It grows.", "samples", "gain", (Series("", (1, 10, 1000), (1, 2, 3)),),
        log_x=True,
    )  # fmt: skip
    return ClaimResult(
        id, "Early layers hardly learn", "They do not learn.", "A network.\n    It is trained.",
        "It moves less.", verdict, "first over last: yes; accuracy: no", measures, "Look at moves.",
        (lines, named, wide), (0, 1, 2), 3.2,
    )  # fmt: skip


def an_article() -> ArticleResult:
    ids = ("A1", "B4", "advice-1", "LSTM")
    claims = tuple(a_claim(id, verdict) for id, verdict in zip(ids, Verdict))
    return ArticleResult(claims, True, 7, "2026-01-02T03:04:05+00:00", "CPU, 2 cores", 61.0)
