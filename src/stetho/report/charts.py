"""Run and Diagnosis → the numbers behind a page's charts, thinned and plain. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stetho.record import Diagnosis, Finding, Function, Predicted, PredictedSite, Run, Site
from stetho.report.answers import leading
from stetho.report.curves import curves
from stetho.report.histograms import SiteHistograms, site_histograms
from stetho.report.site_rows import SiteRow, site_rows
from stetho.report.thinning import Buckets, Series, buckets, series, thin_curve


@dataclass(frozen=True, slots=True)
class ChartData:
    """What a page draws. `plain` holds names, numbers and lists; the rest are long rows."""

    plain: dict[str, Any]
    columns: Buckets
    followed: tuple[Series, ...]
    histograms: tuple[SiteHistograms, ...]


def chart_data(
    run: Run, diagnosis: Diagnosis, predicted: Sequence[PredictedSite] = ()
) -> ChartData:
    rows = site_rows(run)
    sites = [row.site for row in rows]
    columns = buckets(run.probes, len(sites))
    followed = series(run, sites, columns)
    plain = {
        "kind": run.kind,
        "sites": [_site(row, diagnosis) for row in rows],
        "first": _first(run, sites),
        "predicted": _predicted(rows, predicted),
        "functions": _functions(rows),
        "probes": len(run.probes),
        "loss": _loss(run),
        "findings": [_finding(finding, sites, diagnosis) for finding in gravest_first(diagnosis)],
    }
    return ChartData(plain, columns, followed, site_histograms(run, sites, columns, followed))


def gravest_first(diagnosis: Diagnosis) -> list[Finding]:
    return sorted(diagnosis.findings, key=lambda finding: -finding.severity)


def label(function: Function) -> str:
    """A function with its parameters: what tells its curve from others."""
    given = ", ".join(f"{key}={value:g}" for key, value in function.parameters)
    return f"{function.name}({given})" if given else function.name


def _site(row: SiteRow, diagnosis: Diagnosis) -> dict[str, Any]:
    site, stats = row.site, row.stats
    named = [f.severity for f in diagnosis.findings if site.name in f.sites]
    return {
        "name": site.name,
        "layer": site.layer,
        "norm": site.norm,
        "model": site.model,
        "function": label(site.function),
        "output": site.output,
        "units": site.units,
        "severity": max(named).word if named else None,
        "gradient": stats.down_rms,
        "upstream": stats.up_rms,
        "signal": _rms(stats.a_mean, stats.a_std),
        "z_rms": _rms(stats.z_mean, stats.z_std),
        "z_mean": stats.z_mean,
        "z_std": stats.z_std,
        "slope": row.slope_factor,
        "weight": row.weight_factor,
        "saturated": row.saturated,
        "dead": row.dead,
    }


def _rms(mean: float, std: float) -> float:
    return math.hypot(mean, std)


def predicted_data(predicted: Predicted) -> dict[str, Any]:
    """What theory alone can draw."""
    return {
        "kind": "predicted",
        "sites": [
            {
                "name": site.name,
                "layer": None,
                "model": "",
                "function": site.function,
                "output": False,
                "severity": None,
                "slope": site.slope_factor,
            }
            for site in predicted.sites
        ],
        "first": None,
        "predicted": [_band(site) for site in predicted.sites],
        "functions": {},
        "probes": 0,
        "loss": _loss(Run()),
        "findings": [],
    }


def _first(run: Run, sites: Sequence[Site]) -> dict[str, Any] | None:
    """The first probe, to lay the last ones beside it."""
    if len(run.probes) < 4:
        return None
    probe = run.probes[0]
    stats = [probe.sites.get(site.name) for site in sites]
    return {
        "step": probe.step,
        "gradient": [one.down_rms if one is not None else None for one in stats],
        "signal": [_rms(one.a_mean, one.a_std) if one is not None else None for one in stats],
    }


def _predicted(
    rows: Sequence[SiteRow], predicted: Sequence[PredictedSite]
) -> list[dict[str, Any] | None] | None:
    if not predicted:
        return None
    known = {site.name: site for site in predicted}
    names = [row.site.name for row in rows]
    return [_band(known[name]) if name in known else None for name in names]


def _band(site: PredictedSite) -> dict[str, Any]:
    return {
        "gradient": site.grad_rms,
        "gradient_band": site.grad_band,
        "z_std": site.z_std,
        "z_band": site.z_band,
        "valid": site.valid,
        "why": site.why,
    }


def _functions(rows: Sequence[SiteRow]) -> dict[str, Any]:
    made = {}
    for row in rows:
        function = row.site.function
        if label(function) in made:
            continue
        drawn = curves(function)
        made[label(function)] = {
            "z": drawn.z if drawn else (),
            "phi": drawn.phi if drawn else (),
            "slope": drawn.slope if drawn else (),
            "below": function.saturates_below,
            "above": function.saturates_above,
        }
    return made


def _loss(run: Run) -> dict[str, Any]:
    steps, losses = thin_curve(run.loss_steps, run.losses)
    baselines = [probe.baseline for probe in run.probes if not math.isnan(probe.baseline)]
    return {
        "steps": steps,
        "losses": losses,
        "kept": len(steps),
        "seen": len(run.loss_steps),
        "baseline": baselines[-1] if baselines else None,
        "first_nonfinite": run.first_nonfinite_loss,
        "spikes": [spike.step for spike in run.spikes],
    }


def _finding(finding: Finding, sites: Sequence[Site], diagnosis: Diagnosis) -> dict[str, Any]:
    places = {site.name: place for place, site in enumerate(sites)}
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "since": finding.first_step,
        "leading": finding is leading(diagnosis),
        "sites": [places[name] for name in finding.sites if name in places],
    }
