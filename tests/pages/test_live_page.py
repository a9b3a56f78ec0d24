"""`stetho view` in a browser while a real training writes its run file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pages.conftest import until
from pages.test_axe import violations
from stetho.store import read_run

Opener = Callable[..., Page]
EXAMPLES = Path(__file__).parents[2] / "examples"
SETTINGS = {**os.environ, "OMP_NUM_THREADS": "1", "STETHO_STRICT": "1"}


@pytest.fixture
def training(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real script that is probed often, until it is told to end."""
    command = ["run", "--every", "20", "-o", str(tmp_path / "a.stetho")]
    command += [str(EXAMPLES / "deep_sigmoid.py"), "--epochs", "4000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "stetho", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=SETTINGS,
        cwd=tmp_path,
    )
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "stetho", "view", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=SETTINGS,
    )
    assert process.stdout is not None
    with process.stdout:
        yield process.stdout.readline().split()[1]
        process.terminate()
        assert process.wait(timeout=10) is not None


def test_the_page_follows_a_training(
    training: subprocess.Popen[bytes], address: str, open_page: Opener, tmp_path: Path
) -> None:
    file = tmp_path / "a.stetho"
    end = time.monotonic() + 120
    while not (file.exists() and len(read_run(file).probes) >= 3):
        assert time.monotonic() < end, "the training has not begun"
        time.sleep(0.2)
    page = open_page(address, offline=False)
    assert "token" not in page.url, "the token is not left where it could be copied"
    page.get_by_role("link", name="a.stetho").click()
    until(page, "() => document.querySelectorAll('figure canvas').length >= 6")
    assert page.inner_text("#live") == "live"

    page.locator("figure[data-chart=depth] summary").click()
    page.locator("article[data-rule] details.explain summary").first.click()
    page.locator("figure[data-chart=site] select").select_option("3")
    page.get_by_role("button", name="slope factor", exact=True).click()
    seen = slider_end(page)
    until(
        page,
        "(seen) => Number(document.querySelector('input[type=range]').max) > seen + 2",
        seen,
        seconds=90,
    )
    # What the reader chose and opened stays.
    assert page.locator("figure[data-chart=depth] details.twin").get_attribute("open") is not None
    assert page.locator("details.explain").first.get_attribute("open") is not None
    assert page.locator("figure[data-chart=site] select").input_value() == "3"
    pressed = page.locator("figure[data-chart=heatmap] button[aria-pressed=true]")
    assert pressed.inner_text() == "slope factor"

    training.kill()
    training.wait()
    assert len(read_run(file).probes) > seen, "what was written is whole"


def slider_end(page: Page) -> int:
    return int(page.get_attribute("figure[data-chart=site] input[type=range]", "max") or 0)


def test_two_runs_are_chosen_from_the_list(address: str, open_page: Opener, tmp_path: Path) -> None:
    from pages.runs import sick_run
    from stetho.diagnose import diagnose
    from stetho.store import save_run

    page = open_page(address, offline=False)
    assert "No run file yet" in page.inner_text("main")
    for name, run in (("a", sick_run()), ("b <i>", sick_run(slope=0.7, weight=1.4))):
        save_run(tmp_path / f"{name}.stetho", run, diagnose(run))
    page.reload()
    assert violations(page) == []
    page.get_by_label("A: a.stetho").check()
    assert page.locator("#compare").is_disabled()
    page.get_by_label("B: b <i>.stetho").check()
    page.locator("#compare").click()
    page.wait_for_url("**/compare?*")
    # 12 slopes of 0.25 and 11 weights of 0.6: 5.96e-8 × 3.63e-3 = 2.16e-10
    assert "Of the gradient, 2.16e-10 arrives at the first site in A" in page.inner_text("#verdict")
    page.go_back()
    page.get_by_role("link", name="b <i>.stetho").click()
    page.wait_for_url("**/run/*")
    assert "python deep.py" in page.inner_text("h1")
