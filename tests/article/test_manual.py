"""The results that the manual shows: of these very claims, and stable."""

from __future__ import annotations

import inspect
import json

import pytest
from gen_article_docs import BASES, FOLDER, load

from stetho.article import ORDER, all_claims
from stetho.record import Verdict

EACH = pytest.mark.parametrize("claim", all_claims(), ids=lambda claim: claim.id)


def test_all_claims_are_there_in_full() -> None:
    for result in load():
        assert [one.id for one in result.claims] == list(ORDER)
        assert not result.quick


@EACH
def test_texts_are_those_of_the_code(claim: type) -> None:
    """Else the experiment has changed since: `make article`."""
    for result in load():
        one = next(one for one in result.claims if one.id == claim.id)
        assert (one.title, one.says, one.criterion) == (claim.title, claim.says, claim.criterion)
        assert one.experiment == inspect.getdoc(claim)
        assert one.take_away == claim.take_away


@EACH
def test_verdicts_are_the_same_with_other_seeds(claim: type) -> None:
    """Or the row says that it is undecided, and by what."""
    rows = [one for result in load() for one in result.claims if one.id == claim.id]
    assert len({one.seeds for one in rows}) in (1, len(BASES)), "seeds of their own, or none"
    assert len({one.verdict for one in rows} - {Verdict.UNDECIDED}) <= 1
    assert all("both sides" in one.reason for one in rows if one.verdict is Verdict.UNDECIDED)


def test_the_files_are_what_the_command_wrote() -> None:
    for base in BASES:
        form = json.loads((FOLDER / f"base-{base}.json").read_text("utf-8"))
        assert (form["schema"], form["base_seed"]) == ("stetho/article/1", base)
