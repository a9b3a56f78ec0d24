"""Long runs: few numbers are kept, the telling ones."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from stetho.record import Function, Probe, Run, Site, SiteStats
from stetho.store import RunWriter, read_run, schema
from stetho.store.thin import probes_to_drop, thin_losses


def test_few_losses_stay_as_they_are() -> None:
    assert thin_losses([0, 1, 2], [3.0, 1.0, 2.0], 3) == ([0, 1, 2], [3.0, 1.0, 2.0])


def test_lowest_and_highest_of_each_bucket() -> None:
    # 16 steps, limit 8: buckets of 2 keep 16, of 4 keep 2 each = 8.
    losses = [5, 1, 9, 4, 2, 2, 2, 3, 8, 7, 6, 5, 1, 2, 3, 4]
    # per bucket of 4: (1, 9), (2, 3), (8, 5), (1, 4); the first and the last step stay too.
    steps, kept = thin_losses(list(range(16)), list(map(float, losses)), 10)
    assert steps == [0, 1, 2, 4, 7, 8, 11, 12, 15]
    assert kept == [5.0, 1.0, 9.0, 2.0, 3.0, 8.0, 5.0, 1.0, 4.0]


def test_the_first_strange_loss_of_a_bucket_stays() -> None:
    losses = [1.0, math.nan, math.inf, 1.0] * 8
    steps, kept = thin_losses(list(range(32)), losses, 20)
    # per bucket of 4: one loss that is lowest and highest at once, and the first nan
    assert steps == sorted([*range(0, 32, 4), *range(1, 32, 4), 31])
    assert math.isnan(kept[1])


def test_thinning_again_gives_what_thinning_once_gives() -> None:
    losses = [math.sin(step * step) for step in range(1000)]
    once = thin_losses(list(range(1000)), losses, 60)
    assert thin_losses(*thin_losses(list(range(1000)), losses, 300), 60) == once


def test_a_long_run_keeps_bounded_losses(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "run.stetho", Run(), loss_limit=1000)
    for start in range(0, 20_000, 50):
        writer.add_losses(list(range(start, start + 50)), [float(start)] * 50)
    writer.close()
    run = read_run(tmp_path / "run.stetho")
    assert len(run.losses) <= 1000
    assert (run.loss_steps[0], run.loss_steps[-1]) == (0, 19_999)
    assert max(run.losses) == 19_950.0
    assert list(run.loss_steps) == sorted(set(run.loss_steps))


def test_probes_go_by_groups_of_neighbours() -> None:
    #         0  1  2  3  4   5   6   7   8   9
    steps = [0, 1, 5, 6, 10, 11, 20, 21, 30, 31]
    assert probes_to_drop(steps, first=1) == [2, 3, 6, 7]
    assert probes_to_drop(steps, first=2) == [4, 5]  # not the last group
    assert probes_to_drop(steps, first=3) == []


def test_a_long_run_keeps_bounded_probes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "PROBE_LIMITS", (20, 20))
    monkeypatch.setattr(schema, "FIRST_PROBES", 3)
    writer = RunWriter(tmp_path / "run.stetho", Run())
    writer.add_sites([Site(name="a/relu", function=Function(name="relu"), index=0)])
    for pair in range(200):
        for step in (10 * pair, 10 * pair + 1):
            writer.add_probe(
                Probe(step=step, time=0.0, sites={"a/relu": SiteStats(z_mean=float(step))})
            )
    writer.close()
    steps = [probe.step for probe in read_run(tmp_path / "run.stetho").probes]
    assert 10 <= len(steps) <= 20
    assert steps[:6] == [0, 1, 10, 11, 20, 21]
    assert steps[-2:] == [1990, 1991]
    assert all(later == step + 1 for step, later in zip(steps[::2], steps[1::2], strict=True))


def test_fewer_probes_for_more_sites() -> None:
    assert schema.probe_limit(0) == schema.probe_limit(20) == 2000
    assert schema.probe_limit(100) == 400
    assert schema.probe_limit(10_000) == 200
