"""Which layer, since when, what to do: for every kind of finding, and for none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pages.runs import sick_run
from stetho.record import Diagnosis, Finding, Remedy, Run, Severity
from stetho.report.answers import answers, leading

RUN = sick_run(probes=4)


def told(run: Run, *findings: Finding) -> list[str]:
    return [answer.text for answer in answers(run, Diagnosis("so", findings)).answers]


def finding(severity: Severity = Severity.FAULT, **more: Any) -> Finding:
    settings: dict[str, Any] = {
        "rule": "saturated",
        "message": "so",
        "sites": ("layers.3/sigmoid",),
        "first_step": 25,
        "remedies": (Remedy("do this", "that follows"), Remedy("or this", "")),
    }
    return Finding(severity=severity, **{**settings, **more})


def test_one_site() -> None:
    assert told(RUN, finding()) == ["layers.3/sigmoid", "Step 25.", "do this — that follows"]


def test_many_sites_and_the_start() -> None:
    names = tuple(site.name for site in RUN.sites)
    which, when, _ = told(RUN, finding(sites=names, first_step=0))
    assert which == "layers.0/sigmoid … layers.11/sigmoid, 12 in all"
    assert when == "Step 0, from the start."


def test_layers_and_parameters() -> None:
    assert told(RUN, finding(sites=("layers.0",)))[0] == "layer layers.0"
    assert told(RUN, finding(sites=("layers.0.weight",)))[0] == "layers.0.weight"
    assert told(RUN, finding(sites=()))[0] == "No single one: the training as a whole."


def test_a_finding_that_comes_and_goes() -> None:
    when = told(RUN, finding(first_step=None))[1]
    assert when == "In the last probes, up to step 75; not in each of them."


def test_a_check_up() -> None:
    run = replace(RUN, kind="check")
    assert told(run, finding(first_step=None))[1].startswith("From the start")


def test_no_remedy() -> None:
    assert told(RUN, finding(remedies=()))[2] == "Read what `stetho explain saturated` says."


def test_the_cause_before_the_consequence() -> None:
    stuck = finding(rule="not-learning")
    warning = finding(Severity.WARNING, rule="off-centre")
    note = finding(Severity.NOTE, rule="frozen-layer")
    assert leading(Diagnosis("", (stuck, warning))) is warning
    assert leading(Diagnosis("", (stuck, note))) is stuck
    assert leading(Diagnosis("", (note,))) is None


def test_all_is_well() -> None:
    assert told(RUN) == ["None of 12 hidden sites.", "–", "Nothing: no finding asks for a change."]
    assert "1 note below" in told(RUN, finding(Severity.NOTE))[2]


def test_nothing_was_seen() -> None:
    assert told(Run()) == ["No site was seen.", "–", "so"]
