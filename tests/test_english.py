"""Words and turns that are not ours any more, in what users read: see CONTRIBUTING.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from stetho.cli.app import app
from stetho.diagnose import diagnose
from stetho.diagnose.explaining import explain
from stetho.diagnose.rule import all_rules
from stetho.observe.unseen import Unseen

ROOT = Path(__file__).parents[1]
NOT_OURS = {  # what is not written → what is
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bgravest\b|\bseverest\b": "most severe",
    r"\blaid to\b": "attributed to",
    r"\d-fold a (site|layer|step)": "is multiplied by … per site",
    r"\bbehind (layers|the first|each)\b": "after",
    r"\banew\b": "again, from scratch",
    r"\bhas had its day\b|\btakes its leave\b": "ends",
    r"\bhardly\b": "barely, rarely",
    r"\bconstant answer\b": "constant prediction",
    r"\bnumbers that are none\b|\bis no (site|script)\b": "not a site, not a script",
    r"\bdoes not do here\b": "does not work here",
    r"\ball of them alike\b|\bwithal\b|\bthereof\b|\bas yet\b": "plain words",
    r"\bso \d+ % of it is gone\b": "no better than a constant prediction",
    r"\bscript as it is\b": "the unchanged script",
}
GENERATED = {"article.md", "zoo.md"}  # from stored results, which keep the words of their time
MANUAL = sorted(file for file in (ROOT / "docs").glob("*.md") if file.name not in GENERATED)


def messages():
    for rule in all_rules():
        yield f"explain {rule.name}", explain(rule.name)
        diagnosis = diagnose(type(rule).present())
        yield f"verdict of {rule.name}", diagnosis.verdict
        for finding in diagnosis.findings:
            yield f"message of {finding.rule}", finding.message
            for remedy in finding.remedies:
                yield f"remedy of {finding.rule}", f"{remedy.do}: {remedy.expected}"


def helps():
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        yield f"help of {name}", command.help or ""
        for parameter in command.params:
            yield f"help of {name} {parameter.name}", getattr(parameter, "help", None) or ""


def files():
    for file in (ROOT / "README.md", ROOT / "SECURITY.md", *MANUAL):
        yield file.name, file.read_text()


@pytest.mark.parametrize("source", [messages, helps, files], ids=lambda source: source.__name__)
def test_no_sentence_has_a_word_that_is_not_ours(source):
    found = [
        f"{where}: {match[0]!r} is {instead!r} here"
        for where, text in source()
        for pattern, instead in NOT_OURS.items()
        for match in re.finditer(pattern, " ".join(text.split()), re.IGNORECASE)
    ]
    assert sorted(set(found)) == []


def test_reasons_for_not_seeing_something_too():
    for reason in Unseen:
        assert not any(re.search(pattern, reason.value) for pattern in NOT_OURS), reason
