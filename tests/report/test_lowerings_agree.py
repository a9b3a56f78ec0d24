"""One tree, three forms: what the terminal says, the page says and the JSON says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stetho.record import Diagnosis, Run
from stetho.report import build, html_text, json_form, terminal_text, tree
from stetho.report.answers import answers
from stetho.report.html.blocks import HANDLERS as HTML_HANDLERS
from stetho.report.html.document import asset
from stetho.report.literal import literal
from stetho.report.run import build_page
from stetho.report.terminal import HANDLERS as TERMINAL_HANDLERS
from stetho.report.tree_text import sentences

Named = tuple[str, Run, Diagnosis]


class Words(HTMLParser):
    """The text that a reader sees: nothing of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in ("script", "style")
        self.parts.append("" if tag in ("a", "span", "strong", "b", "code") else " ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")
        self.parts.append("" if tag in ("a", "span", "strong", "b", "code") else " ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def words_of(page: str) -> str:
    parser = Words()
    parser.feed(page)
    return squeezed("".join(parser.parts))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def lines(report: tree.Report) -> list[str]:
    return [line for section in sentences(report) for line in section["lines"]]


def in_pieces(line: str) -> list[str]:
    """As a page shows it: evidence stands in cells of a table, blame in a list."""
    return [part for part in re.split(r" \(limit |\), |\)$|, (?=\w+ [\d.<>]+ %)", line) if part]


def test_the_same_words_in_all_three(case: Named) -> None:
    _, run, diagnosis = case
    report = build(run, diagnosis)
    terminal = squeezed(terminal_text(run, diagnosis, width=140))
    page = words_of(html_text(run, diagnosis))
    form = json_form(run, diagnosis)
    told = [line for section in form["report"] for line in section["lines"]]
    assert len(lines(report)) == len(told) > 0
    for line in lines(report):
        shown = squeezed(literal(line))
        assert shown.lower() in terminal.lower(), line
        if "are left out; --all-sites" in line:
            continue  # a page shows all
        if shown not in page:
            assert all(squeezed(literal(part)) in page for part in in_pieces(line)), line
    strict = [line.encode("utf-8", "backslashreplace").decode() for line in lines(report)]
    assert told == strict


def test_the_same_numbers_of_sites_in_all_three(cases: Any) -> None:
    run, diagnosis = cases["vanishing"]()
    terminal = squeezed(terminal_text(run, diagnosis, width=140))
    page = words_of(html_text(run, diagnosis))
    for site in json_form(run, diagnosis)["sites"]:
        text = f"{site['grad_rms']:.2e}" if site["grad_rms"] < 1e-3 else "0.00247"
        assert text in terminal
        assert text in page


def test_answers_are_in_page_and_come_from_the_findings(case: Named) -> None:
    _, run, diagnosis = case
    page = words_of(html_text(run, diagnosis))
    for answer in answers(run, diagnosis).answers:
        assert squeezed(literal(answer.text)) in page


@pytest.mark.parametrize("handlers", [HTML_HANDLERS, TERMINAL_HANDLERS])
def test_every_kind_of_block_has_a_form(handlers: dict[type, Any]) -> None:
    assert set(handlers) == set(tree.Block.__args__)  # type: ignore[attr-defined]


def test_sections_of_the_page_are_those_of_the_terminal_and_charts(case: Named) -> None:
    _, run, diagnosis = case
    page = build_page(run, diagnosis, file=Path("a.stetho"))
    keys = [section.key for section in page.sections]
    assert keys[0] == "verdict"
    assert len(keys) == len(set(keys))
    terminal = {section.title for section in build(run, diagnosis).sections}
    assert terminal <= {section.title for section in page.sections}


def test_a_page_is_small_and_alone(cases: Any) -> None:
    text = html_text(*cases["vanishing"]())
    assert len(text.encode()) < 250_000
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", text.split("<script>")[0])
    assert "@import" not in text
    assert "Copyright (c) 2022 Leon Sorokin" in text, "uPlot's licence goes with every copy"
    assert "url(" not in text


def test_the_data_of_a_page_is_strict_json(case: Named) -> None:
    _, run, diagnosis = case
    text = html_text(run, diagnosis)
    found = re.findall(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', text, re.S)
    assert [name for name, _ in found] == ["chart-data", "report-json"]

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    data, form = (json.loads(body, parse_constant=refuse) for _, body in found)
    assert [site["name"] for site in data["sites"]] == [literal(site.name) for site in run.sites]
    assert len(form["findings"]) == len(diagnosis.findings)
    assert "<" not in found[0][1] + found[1][1]


def test_dark_by_the_system_and_dark_by_the_button_are_the_same_colours() -> None:
    css = asset("page.css")
    by_system = css.split('not([data-theme="light"]) {')[1].split("}")[0]
    by_button = css.split('[data-theme="dark"] {')[1].split("}")[0]
    colours = [re.findall(r"(--[\w-]+): ([^;]+);", block) for block in (by_system, by_button)]
    assert colours[0] == colours[1]
    assert len(colours[0]) > 25
