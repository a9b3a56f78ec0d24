"""200 sites × 2,000 probes: quick to open, small on disk, and no spike lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pages.conftest import written
from pages.runs import SIGMOID, normal_histogram, with_spike
from pages.test_report_page import click_cell
from stetho.record import Probe, Run, Site, SiteStats

Opener = Callable[..., Page]
SITES, PROBES = 200, 2_000
# Site and probe. 1,262 lies in the same column, and is kept as one of the even ones.
SPIKE = (137, 1_255)


def big_run() -> Run:
    names = [f"encoder.layers.{place}.act/sigmoid" for place in range(SITES)]
    wide, narrow = normal_histogram(0.0, 1.0), normal_histogram(0.1, 0.5)
    chain = []
    for place in range(SITES):
        stats = SiteStats(
            count=4096.0,
            z_mean=0.1,
            z_std=1.0,
            saturated_low=0.01,
            saturated_high=0.02,
            dead=0.0,
            a_mean=0.5,
            a_std=0.2,
            up_rms=1e-3 * 0.9 ** (SITES - place),
            down_rms=2.5e-4 * 0.9 ** (SITES - place),
            histogram=wide,
        )
        chain.append((stats, replace(stats, z_std=0.5, histogram=narrow)))
    probes = tuple(
        Probe(
            step=10 * turn,
            time=turn / 10,
            loss=2.0,
            baseline=2.3,
            lr=(0.1,),
            sites={
                name: both[(turn + place) % 2]
                for place, (name, both) in enumerate(zip(names, chain))
            },
        )
        for turn in range(PROBES)
    )
    steps = tuple(range(10 * PROBES))
    return with_spike(
        Run(
            command="python big.py",
            finished=True,
            sites=tuple(
                Site(
                    name=name,
                    function=SIGMOID,
                    index=place,
                    model="Net",
                    shape=(64, 128),
                    unit_axis=1,
                    units=128,
                )
                for place, name in enumerate(names)
            ),
            probes=probes,
            loss_steps=steps,
            losses=tuple(2.0 + (step % 7) / 100 for step in steps),
        ),
        *SPIKE,
    )


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("big"), big_run())


def test_size(big: Path) -> None:
    assert big.stat().st_size < 10e6


def test_opens_in_two_seconds(open_page: Opener, big: Path) -> None:
    """What the user waits for: parsed, scripts run, first screen drawn. By the browser's own clock.

    The best of some tries: the machine may be busy with other tests.
    """
    measured: list[float] = []
    while len(measured) < 8 and min(measured, default=9.0) >= 2.0:
        page = open_page(big)
        measured.append(
            page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd / 1000")
        )
        assert page.locator("figure[data-chart=depth] canvas").count() == 1
        page.close()
    print(f"opened in {min(measured):.2f} s, {big.stat().st_size / 1e6:.1f} MB")
    assert min(measured) < 2.0


def test_a_spike_of_one_probe_is_on_the_page(open_page: Opener, big: Path) -> None:
    page = open_page(big)
    site, probe = SPIKE
    page.get_by_role("button", name="saturated", exact=True).click()
    # 24,000 cells / 200 sites = 120 columns, 2,000 / 120 = 16.7 probes each
    column = next(k for k in range(120) if (k + 1) * PROBES // 120 > probe)
    with page.expect_download() as started:  # the table's numbers, without 48,000 cells on screen
        page.eval_on_selector("figure[data-chart=heatmap] [data-save=json]", "(b) => b.click()")
    saved = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
    assert len(saved["columns"]) == 241, "site; lowest and highest of each column"
    row = saved["rows"][site][1:]
    assert row[2 * column + 1] == pytest.approx(1.009), "0.01 low + 0.999 high"
    assert [place for place, value in enumerate(row) if value > 0.5] == [2 * column + 1]
    click_cell(page, site, column, SITES, 120)
    facts = page.inner_text("figure[data-chart=site] .facts")
    # The very probe, 10 steps each, and not the other one of its column that was kept.
    assert facts.startswith("encoder.layers.137.act/sigmoid, step 12,550")


def test_many_small_histograms_come_when_asked_for(open_page: Opener, big: Path) -> None:
    start = time.monotonic()
    page = open_page(big)
    assert page.locator("button.small").count() <= 60
    page.locator("button.more").click()
    assert page.locator("button.small").count() == SITES
    assert time.monotonic() - start < 60
