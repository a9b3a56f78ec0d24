"""D2's arithmetic, and that its criterion can be met."""

from __future__ import annotations

import pytest

from stetho import activations
from stetho.article.claim import Setting
from stetho.article.claims.d2_randomised_forms import Form, RandomisedForms
from stetho.article.running import examine
from stetho.record import Verdict


# E φ² in training over evaluation = (1 + E α²) / (1 + a²), a the slope in evaluation
@pytest.mark.parametrize(
    ("name", "evaluated", "ratio"),
    [
        ("rrelu_article", 0.0, 2.0),  # (1 + 1) / (1 + 0)
        ("rrelu_paper", 2 / 11, 121 / 120),  # (1 + 1/24) / (1 + 4/121) = 25/24 · 121/125
        ("rrelu", 11 / 48, 292 / 291),  # E α² = (1/64 + 1/24 + 1/9)/3 = 97/1728;
        #                                   1825/1728 / (2425/2304) = 7300/7275
    ],
)
def test_what_is_exact_of_each_form(name: str, evaluated: float, ratio: float) -> None:
    form = Form(activations.get(name))
    assert form.evaluated == pytest.approx(evaluated)
    assert form.mean_square_ratio == pytest.approx(ratio)


def test_the_paper_s_form_is_the_paper_s() -> None:
    result = examine(RandomisedForms(function="rrelu_paper"), Setting(quick=True))
    assert result.verdict is Verdict.HOLDS, result.reason
