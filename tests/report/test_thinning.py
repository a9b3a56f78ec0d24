"""Buckets keep their ends: no spike is hidden, however much is left out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.runs import sick_run, with_spike
from stetho.record import Probe
from stetho.report import thinning
from stetho.report.histograms import FULL, site_histograms
from stetho.report.measures import Scale
from stetho.report.thinning import buckets, series, stored, thin_curve

numbers = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])


@given(st.integers(0, 3_000), st.integers(1, 400))
def test_every_probe_is_in_one_bucket(count: int, sites: int) -> None:
    probes = [Probe(step=3 * turn, time=0.0) for turn in range(count)]
    made = buckets(probes, sites)
    assert made.starts[0] == 0
    assert made.starts[-1] == count
    assert all(a < b for a, b in zip(made.starts, made.starts[1:], strict=False))
    assert len(made) <= thinning.COLUMNS[1]
    assert len(made) * sites <= max(thinning.CELLS, thinning.COLUMNS[0] * sites)
    if count:
        assert (made.first_steps[0], made.last_steps[-1]) == (0, 3 * (count - 1))


@pytest.mark.parametrize("turn", [0, 1, 16, 399, 777, 799])
def test_one_probe_out_of_many_is_kept(turn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "CELLS", 12 * 24)  # 24 columns for 800 probes: 33 in each
    run = with_spike(sick_run(probes=800), 5, turn)
    made = buckets(run.probes, 12)
    assert len(made) == 24
    followed = {one.measure.key: one for one in series(run, run.sites, made)}
    saturated = followed["saturated"]
    assert saturated.high is not None
    row = saturated.high[5 * 24 : 6 * 24]
    # site 5 has 0.05 on its low side, and 0.999 on its high side at that one probe
    assert max(row) == pytest.approx(1.049)
    assert [place for place, value in enumerate(row) if value > 1] == [
        next(k for k in range(24) if made.starts[k] <= turn < made.starts[k + 1])
    ]


def test_its_histogram_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "CELLS", 12 * 24)
    run = with_spike(sick_run(probes=800), 5, 333)
    made = buckets(run.probes, 12)
    kept = site_histograms(run, run.sites, made, series(run, run.sites, made))
    assert len(kept[5].steps) < 300
    step = run.probes[333].step
    assert step in kept[5].steps
    assert step in kept[5].telling
    place = kept[5].steps.index(step)
    bins = len(run.probes[0].sites["layers.5/sigmoid"].histogram)
    counts = kept[5].counts[place * bins : (place + 1) * bins]
    assert sum(counts) == pytest.approx(FULL, rel=1e-3)
    # deviation 40: most of z is beyond ±4
    assert sum(counts[: bins // 2 - 24]) + sum(counts[bins // 2 + 25 :]) > 0.8 * FULL


@given(st.lists(numbers, max_size=300), st.integers(4, 40))
def test_thin_curve_keeps_lowest_and_highest_at_their_steps(
    values: list[float], limit: int
) -> None:
    steps = [7 * place for place in range(len(values))]
    kept_steps, kept = thin_curve(steps, values, limit)
    assert kept_steps == sorted(set(kept_steps))
    by_step = dict(zip(steps, values, strict=True))
    assert all(by_step[step] is value for step, value in zip(kept_steps, kept, strict=True))
    finite = [value for value in values if math.isfinite(value)]
    shown = [value for value in kept if math.isfinite(value)]
    if finite:
        assert (min(shown), max(shown)) == (min(finite), max(finite))
    if any(not math.isfinite(value) for value in values):
        first = next(s for s, v in zip(steps, values, strict=True) if not math.isfinite(v))
        assert first in kept_steps
    assert len(kept) <= 1.5 * limit + 2


@pytest.mark.parametrize(
    ("scale", "value", "kept"),
    [
        (Scale.LOW_IS_WORSE, 1e-60, -60.0),
        (Scale.LOW_IS_WORSE, 0.0, -math.inf),
        (Scale.LOW_IS_WORSE, math.inf, math.inf),
        (Scale.SHARE, 0.25, 0.25),
        (Scale.PLAIN, -1e300, -math.inf),
        (Scale.PLAIN, 3.5, 3.5),
    ],
)
def test_what_a_float32_cannot_hold(scale: Scale, value: float, kept: float) -> None:
    assert stored(scale, value) == kept


def test_nan_stays_nan() -> None:
    assert all(math.isnan(stored(scale, math.nan)) for scale in Scale)
