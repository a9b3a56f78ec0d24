"""Panels for notebooks: no scripts, every name escaped, the key facts in them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

from pages.choices import a_choice
from pages.runs import sick_run
from stetho.diagnose import diagnose
from stetho.record import Diagnosis, Predicted, PredictedSite, Run
from stetho.report import Side, choice_panel, pair_panel, panel, predicted_panel


def test_key_panels() -> None:
    run = sick_run()
    text = panel(run, diagnose(run))
    for words in ("Which layer?", "layers.0/sigmoid", "vanishing-gradient", "To blame: slope"):
        assert words in text
    assert text.count("<svg") == 2, "gradient by depth, loss"
    circles = re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)" r="3" fill="#2f7be0"', text)
    heights = [float(y) for y in circles]
    assert len(heights) == 12
    assert heights == sorted(heights, reverse=True), "it falls from the last site to the first"


def test_nothing_runs(cases: Any) -> None:
    for run, diagnosis in (case() for case in cases.values()):
        text = panel(run, diagnosis)
        assert "<script" not in text
        assert not re.search(r"\son\w+=", text)
        ElementTree.fromstring(text.replace("<br>", "<br/>"))  # well-formed: nothing broke out


def test_names_are_escaped() -> None:
    run = sick_run(["<script>alert(1)</script>/sigmoid", "b/sigmoid", "c/sigmoid"])
    text = panel(run, diagnose(run))
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;/sigmoid" in text


def test_empty_run() -> None:
    assert "so" in panel(Run(), Diagnosis("so"))


def test_two_runs_and_a_race() -> None:
    run = sick_run()
    sides = (Side(letter, run, diagnose(run)) for letter in "AB")
    assert "arrives at the first site in A" in pair_panel(*sides)
    text = choice_panel(a_choice("<script>alert(1)</script>"))
    assert "Candidates" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_prediction() -> None:
    site = PredictedSite(
        name="0/relu",
        function="relu",
        z_std=1.0,
        z_band=(0.8, 1.2),
        slope_factor=0.7,
        grad_rms=1e-3,
        grad_band=(8e-4, 1.2e-3),
        valid=True,
    )
    text = predicted_panel(Predicted(sites=(site, site)))
    assert "<polygon" in text
    assert "it stays in bounds" in text
