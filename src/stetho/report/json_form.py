"""Run and Diagnosis → the machine-readable form that `--json` writes, strictly valid JSON.

Schema `stetho/run/1`. Fields may be added under this name; none changes its meaning or goes away.

- `nan` (not measured, or there is no such quantity) is `null`; infinities are the strings `"inf"`
  and `"-inf"`. Shares are in 0 … 1.
- `verdict`: a sentence or two. `learning`: "learns", "slow", "stuck", "diverged", "too-short" or
  "unknown". `worst`: severity of the most severe finding or `null`. `grade`: how sure the cause
  is, "known", "likely" (two are left) or "unexplained"; "": nothing needs a cause. `experiment`:
  where it is "likely", the two causes and the one change that tells them apart.
- `findings`: most severe first, each `{"rule", "severity": "note"|"warning"|"fault", "message",
  "sites", "first_step", "onset" (probed steps between which it began), "evidence": {name:
  {"value", "limit", "unit"}}, "cause": {name: share}, "remedies": [{"do", "expected"}]}`. Unit "%"
  goes with a share of 0 … 1.
- `sites`: in call order, medians over the last 3 probes: `name`, `function`, `z_mean`, `z_std`,
  `slope_factor` (rms ∂L/∂z / rms ∂L/∂a), `weight_factor` (rms ∂L/∂a of this site / rms ∂L/∂z of
  the next), `dead` (share of units), `saturated_low`, `saturated_high` (shares of elements),
  `grad_rms` (rms ∂L/∂z), and more.
- `overhead`: `share` of the run's time, `probes`, `steps`, `seconds`; `compiled`: whether the
  compiled core looked at the tensors.
- `loss`: `first`, `last` (median of the last tenth, ten at most), `steps`, `first_nonfinite`,
  `spikes` (steps whose loss or gradient jumped: `step`, `kind`, `value`, `usual`),
  `origin` (of the first NaN or infinity: `step`, `kind`, `operation`, `before`, `after`; or null).
- `unseen`: what could not be watched, one sentence each. `faults`: tracebacks of stetho's own.
- `report`: for each section of the report `title` and `lines`, the words of terminal and page.
- `command`, `kind` ("run" or "check"), `created`, `versions`, `device`, `finished`, `exit_code`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from enum import IntEnum
from typing import Any

from stetho.record import Diagnosis, Finding, Run
from stetho.report.run import build, final_loss
from stetho.report.site_rows import SiteRow, site_rows
from stetho.report.tree_text import sentences

SCHEMA = "stetho/run/1"


def json_form(run: Run, diagnosis: Diagnosis) -> dict[str, Any]:
    """Plain dicts, lists, strings and finite numbers; `json.dumps(…, allow_nan=False)` takes it."""
    findings = sorted(diagnosis.findings, key=lambda finding: -finding.severity)
    form = {
        "schema": SCHEMA,
        "verdict": diagnosis.verdict,
        "learning": diagnosis.learning,
        "grade": diagnosis.grade,
        "experiment": diagnosis.experiment,
        "worst": diagnosis.worst.word if diagnosis.worst is not None else None,
        "findings": [_finding(finding) for finding in findings],
        "sites": [_site(row) for row in site_rows(run)],
        "overhead": {**asdict(run.overhead), "share": run.overhead.share},
        "loss": _loss(run),
        "unseen": run.unseen,
        "faults": run.faults,
        "command": run.command,
        "kind": run.kind,
        "created": run.created,
        "versions": run.versions,
        "device": run.device,
        "finished": run.finished,
        "exit_code": run.exit_code,
        "report": sentences(build(run, diagnosis)),
    }
    plain: dict[str, Any] = strict(form)
    return plain


def strict(value: Any) -> Any:
    """The same value in what JSON can hold (see the top of this file)."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")  # lone surrogates
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, Mapping):
        return {strict(str(key)): strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(item) for item in value]
    return value if isinstance(value, int) else str(value)


def _not_finite(value: float) -> str | None:
    if math.isnan(value):
        return None
    return "inf" if value > 0 else "-inf"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "sites": finding.sites,
        "first_step": finding.first_step,
        "onset": finding.onset,
        "evidence": {name: asdict(item) for name, item in finding.evidence.items()},
        "cause": finding.cause,
        "remedies": [asdict(remedy) for remedy in finding.remedies],
    }


def _site(row: SiteRow) -> dict[str, Any]:
    site, stats = row.site, row.stats
    return {
        "name": site.name,
        "function": site.function.name,
        "z_mean": stats.z_mean,
        "z_std": stats.z_std,
        "slope_factor": row.slope_factor,
        "weight_factor": row.weight_factor,
        "dead": row.dead,
        "saturated_low": stats.saturated_low,
        "saturated_high": stats.saturated_high,
        "grad_rms": stats.down_rms,
        "upstream_rms": stats.up_rms,
        "z_skew": stats.z_skew,
        "z_kurtosis": stats.z_kurtosis,
        "z_nonfinite": stats.z_nonfinite,
        "a_mean": stats.a_mean,
        "a_std": stats.a_std,
        "a_zero": stats.a_zero,
        "a_cosine": stats.a_cosine,
        "silent": stats.silent,
        "shape": site.shape,
        "units": site.units,
        "layer": site.layer,
        "norm": site.norm,
        "model": site.model,
        "output": site.output,
        "residual": site.residual,
        "step": row.step,
    }


def _loss(run: Run) -> dict[str, Any]:
    return {
        "first": run.losses[0] if run.losses else math.nan,
        "last": final_loss(run),
        "steps": run.overhead.steps or (run.loss_steps[-1] + 1 if run.loss_steps else 0),
        "first_nonfinite": run.first_nonfinite_loss,
        "spikes": [
            {"step": one.step, "kind": one.kind, "value": one.value, "usual": one.usual}
            for one in run.spikes
        ],
        "origin": asdict(run.origin) if run.origin is not None else None,
    }
