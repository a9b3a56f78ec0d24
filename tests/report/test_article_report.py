"""Results of claims: terminal, JSON and page say the same."""

from __future__ import annotations

import json

import pytest

from pages.articles import NAMED, a_claim, an_article
from report.test_lowerings_agree import squeezed, words_of
from stetho.record import ArticleResult
from stetho.report import article_html, article_json, article_of, article_text, claim_phrases
from stetho.report.article import article_page_report, article_report
from stetho.report.tree_text import sentences

ONE = ArticleResult(
    claims=(a_claim(),), quick=False, base_seed=0, created="", machine="CPU", seconds=3.0
)


@pytest.mark.parametrize("result", [ONE, an_article()], ids=["one", "many"])
def test_the_terminal_says_all_lines_within_its_width(result: ArticleResult) -> None:
    text = article_text(result)
    assert max(map(len, text.splitlines())) <= 80
    for section in sentences(article_report(result)):
        for line in section["lines"]:
            assert squeezed(" ".join(line.split())) in squeezed(text), line


def test_of_many_claims_only_what_decided_is_told() -> None:
    assert "to read" in article_text(ONE)
    assert "to read" not in article_text(an_article())
    assert "stetho article A1" in article_text(an_article())


def test_marks() -> None:
    text = article_text(ONE)
    assert "✓ first over last: 0.01× (0.005× … 0.02×); asked: at most 0.05×" in text
    assert "✗ accuracy: 50 % (40 % … 60 %); asked: at least 90 %" in text
    assert "? noise: 1 (-1 … 3); asked: at least 0" in text
    assert "· to read: 2\n" in text


def test_summary() -> None:
    text = " ".join(article_text(an_article()).split())
    assert "Of 4 claims 1 holds, 1 holds in part, 1 does not hold, 1 is undecided." in text
    assert "base seed 7" in text


def test_json_can_be_read_back() -> None:
    form = json.loads(json.dumps(article_json(ONE), allow_nan=False))
    assert form["schema"] == "stetho/article/1"
    again = article_of(form)
    assert article_json(again) == article_json(ONE)
    assert again.claims[0].measures[0] == ONE.claims[0].measures[0]
    assert again.claims[0].pictures == ()


def test_the_page_says_it_all_and_runs_no_name() -> None:
    page = article_html(an_article())
    words = words_of(page)
    measured = {claim_phrases.measured(one): one for one in a_claim().measures}
    for section in sentences(article_page_report(an_article())):
        for line in section["lines"]:
            one = measured.get(line)  # in cells of a table
            cells = [line] if one is None else [one.what, claim_phrases.value(one)]
            assert all(squeezed(" ".join(cell.split())) in words for cell in cells), line
    assert NAMED not in page
