"""The contract of DESIGN.md, "What the user sees", and strict JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from stetho.record import Diagnosis, Overhead, Probe, Run, Severity, SiteStats
from stetho.report.json_form import json_form, strict

Named = tuple[str, Run, Diagnosis]


def loaded(run: Run, diagnosis: Diagnosis) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    text = json.dumps(json_form(run, diagnosis), ensure_ascii=False)
    form: dict[str, Any] = json.loads(text.encode("utf-8"), parse_constant=refuse)
    return form


def test_contract(case: Named) -> None:
    _, run, diagnosis = case
    form = loaded(run, diagnosis)
    assert form["schema"] == "stetho/run/1"
    assert isinstance(form["verdict"], str)
    assert set(form["overhead"]) >= {"share", "probes", "steps"}
    assert len(form["findings"]) == len(diagnosis.findings)
    for finding in form["findings"]:
        assert finding["severity"] in {"note", "warning", "fault"}
        assert set(finding) >= {
            *("rule", "severity", "sites", "first_step", "evidence", "cause", "remedies")
        }
        assert all(set(item) >= {"value", "limit"} for item in finding["evidence"].values())
        assert all(set(remedy) == {"do", "expected"} for remedy in finding["remedies"])
    assert len(form["sites"]) == len(run.sites)
    for site in form["sites"]:
        assert set(site) >= {
            *("name", "function", "z_mean", "z_std", "slope_factor", "weight_factor"),
            *("dead", "saturated_low", "saturated_high", "grad_rms"),
        }


def test_factors_multiply_to_the_whole_change(cases: Any) -> None:
    run, diagnosis = cases["vanishing"]()
    sites = loaded(run, diagnosis)["sites"]
    assert sites[0]["slope_factor"] == pytest.approx(0.247)
    assert sites[0]["weight_factor"] == pytest.approx(0.43)
    assert sites[-1]["weight_factor"] is None
    product = math.prod(site["slope_factor"] * (site["weight_factor"] or 1) for site in sites)
    # ∂L/∂z of the first = ∂L/∂a of the last (0.01) × every slope and every weight factor
    assert sites[0]["grad_rms"] == pytest.approx(0.01 * product)


def test_gravest_first(cases: Any) -> None:
    findings = loaded(*cases["vanishing"]())["findings"]
    assert [finding["severity"] for finding in findings] == ["fault", "note"]


def test_medians_of_the_last_three(cases: Any) -> None:
    run, diagnosis = cases["check"]()
    name = run.sites[0].name
    means = (9.0, 1.0, 5.0, 2.0)  # of the last three: 1, 5, 2 → 2
    probes = tuple(
        Probe(step=at, time=0.0, sites={name: SiteStats(z_mean=x)}) for at, x in enumerate(means)
    )
    run = Run(sites=run.sites, probes=probes)
    assert loaded(run, diagnosis)["sites"][0]["z_mean"] == 2.0


def test_a_median_does_not_hide_nan(cases: Any) -> None:
    run, diagnosis = cases["check"]()
    name = run.sites[0].name
    good, bad = SiteStats(z_mean=1.0), SiteStats(z_nonfinite=0.25)
    probes = tuple(
        Probe(step=at, time=0.0, sites={name: x}) for at, x in enumerate((good, good, bad))
    )
    site = loaded(Run(sites=run.sites, probes=probes), diagnosis)["sites"][0]
    assert (site["z_mean"], site["z_nonfinite"]) == (None, 0.25)


def test_strict() -> None:
    value = {"a": (math.nan, math.inf, -math.inf, 1.5, True, 2), "b\udc80": Severity.FAULT}
    assert strict(value) == {"a": [None, "inf", "-inf", 1.5, True, 2], "b\\udc80": "fault"}


def test_share_of_overhead() -> None:
    form = loaded(Run(overhead=Overhead(2.0, 100.0, 3, 50)), Diagnosis(""))
    assert form["overhead"] == {
        **{"share": 0.02, "probes": 3, "steps": 50},
        **{"seconds": 2.0, "total": 100.0, "compiled": True},
    }
