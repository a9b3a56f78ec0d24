"""Every claim of the article: it is there, its texts are whole, its verdict is earned."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from stetho.article import ORDER, all_claims
from stetho.article.claim import AbstractClaim, Setting
from stetho.article.running import examine
from stetho.record import Verdict

EACH = pytest.mark.parametrize("claim", all_claims(), ids=lambda claim: claim.id)
QUICK = Setting(quick=True)


def test_every_item_of_the_article_has_its_claim() -> None:
    assert [claim.id for claim in all_claims()] == list(ORDER)


@EACH
def test_texts(claim: type[AbstractClaim]) -> None:
    for text in (claim.says, claim.criterion, claim.take_away, inspect.getdoc(claim) or ""):
        assert text.rstrip().endswith((".", "?")), text
        assert len(text) > 40
    assert not claim.title.endswith(".")
    assert dataclasses.is_dataclass(claim)


@EACH
def test_sabotaged_it_does_not_hold(claim: type[AbstractClaim]) -> None:
    sabotaged = claim.sabotaged()
    assert sabotaged != claim(), "the same experiment"
    result = examine(sabotaged, QUICK)
    assert result.verdict is Verdict.NOT, result.reason


@EACH
def test_the_verdict_is_that_of_other_seeds(claim: type[AbstractClaim]) -> None:
    verdicts = {examine(claim(), Setting(base, quick=True)).verdict for base in (0, 1, 2)}
    assert len(verdicts - {Verdict.UNDECIDED}) <= 1
