"""A prediction and what was measured → site by site, and the first place where they part."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict, dataclass
from typing import Any

from stetho.prediction.model import Prediction, finite
from stetho.prediction.text import columns, number, short
from stetho.record import PredictedSite, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSite:
    name: str
    z_std: float
    z_predicted: float
    grad_rms: float
    grad_predicted: float
    z_agrees: bool  # it lies in its band
    grad_agrees: bool  # the same, or theory says nothing
    valid: bool
    why: str
    z_band: tuple[float, float] = (math.nan, math.nan)  # 95 %
    grad_band: tuple[float, float] = (math.nan, math.nan)

    @property
    def agrees(self) -> bool:
        return self.z_agrees and self.grad_agrees


@dataclass(frozen=True, slots=True)
class Comparison:
    rows: tuple[ComparedSite, ...]
    predicted: tuple[PredictedSite, ...] = ()  # to draw

    @property
    def _parting(self) -> ComparedSite | None:
        """The signal runs forward, so its first site counts; the gradient back from the last."""
        forward = (row for row in self.rows if not row.z_agrees)
        backward = (row for row in reversed(self.rows) if not row.grad_agrees)
        return next(forward, None) or next(backward, None)

    @property
    def first_apart(self) -> str | None:
        return self._parting.name if self._parting is not None else None

    @property
    def modelled(self) -> int:
        """Sites for which theory has something to say."""
        return sum(row.valid for row in self.rows)

    def json(self) -> list[dict[str, Any]]:
        return [
            {key: _plain(value) for key, value in row}
            for row in (asdict(row).items() for row in self.rows)
        ]

    @property
    def why(self) -> str:
        """How far they are apart there, and what theory itself says against its prediction."""
        return self._parting.why if self._parting is not None else ""

    def __str__(self) -> str:
        return _text(self)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return finite(value) if isinstance(value, float) else value


def compare(prediction: Prediction, run: Run) -> Comparison:
    """Lay a prediction beside the first probe of a run."""
    measured = run.probes[0].sites if run.probes else {}
    rows = []
    for site in prediction.sites:
        stats = measured.get(site.name)
        if stats is None:
            continue
        z_in = site.z_band[0] <= stats.z_std <= site.z_band[1]
        scale = 1.0 if not prediction.relative else math.nan
        g_in = math.isnan(scale) or math.isnan(site.grad_rms)
        g_in = g_in or site.band[0] <= stats.down_rms <= site.band[1]
        why = ""
        if not z_in:
            ratio = stats.z_std / site.z_std if site.z_std else math.inf
            why = f"z's deviation is {ratio:.2g} times the predicted one"
        elif not g_in:
            why = f"the gradient is {stats.down_rms / site.grad_rms:.2g} times the predicted one"
        if why and site.why:
            why = f"{why} ({site.why})"
        rows.append(
            ComparedSite(
                name=site.name,
                z_std=stats.z_std,
                z_predicted=site.z_std,
                grad_rms=stats.down_rms,
                grad_predicted=site.grad_rms,
                z_agrees=z_in,
                grad_agrees=g_in,
                valid=site.valid,
                why=why,
                z_band=site.z_band,
                grad_band=site.band,
            )
        )
    return Comparison(tuple(rows), prediction.record().sites)


def _text(comparison: Comparison) -> str:
    rows = [("site", "z std", "theory", "gradient", "theory", "")]
    for row in comparison.rows:
        mark = "" if row.agrees else "apart"
        rows.append(
            (
                short(row.name),
                number(row.z_std),
                number(row.z_predicted),
                number(row.grad_rms),
                number(row.grad_predicted),
                mark if row.valid else f"{mark} ?".strip(),
            )
        )
    lines = ["Measured, and predicted by theory", *columns(rows)]
    if comparison.first_apart is not None:
        lines.append(f"They first part at {comparison.first_apart}: {comparison.why}.")
    elif not comparison.modelled:
        lines.append("Theory models none of these sites in full.")
    else:
        lines.append("They agree at every site that theory models, within its 95 % band.")
    return "\n".join(
        line for text in lines for line in (textwrap.wrap(text, 80) if len(text) > 80 else [text])
    )
