"""Pages in a real browser. `make setup` installs Debian's chromium where it can.

Every page fails its test if it writes an error to the console or asks any network for anything.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from pages.runs import sick_run
from stetho.diagnose import diagnose, explanations
from stetho.record import Run
from stetho.report import html_text

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# No background traffic of the browser's own; no sandbox, which root cannot have.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WAIT = 40.0  # seconds, on a machine that is busy with other tests; mostly milliseconds are needed
LAPTOP = {"width": 1366, "height": 768}


def chromium() -> str | None:
    given = os.environ.get("STETHO_CHROMIUM")
    return given or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no chromium here: apt-get install chromium, or set STETHO_CHROMIUM to one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


Opener = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """`open_page(file or address, …)`: a page whose errors and requests are watched."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    asked: list[str] = []

    def opened(
        place: Path | str, *, offline: bool = True, hostile: bool = False, **more: Any
    ) -> Page:
        """`hostile`: the browser's complaints are what the test is about."""
        context = browser.new_context(
            **{"viewport": LAPTOP, "offline": offline, "accept_downloads": True, **more}
        )
        context.set_default_timeout(WAIT * 1000)
        contexts.append(context)
        page = context.new_page()
        told = [] if hostile else complaints
        page.on("console", lambda m: told.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(place.as_uri() if isinstance(place, Path) else place)
        wait_until_drawn(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
    strangers = ("file://", "data:", "blob:", "http://127.0.0.1:")
    assert not [url for url in asked if not url.startswith(strangers)]


def until(page: Page, condition: str, argument: Any = None, seconds: float = WAIT) -> None:
    """Playwright's own waiting evaluates a string inside of the page, which our policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, f"waited {seconds} s in vain for {condition}"
        page.wait_for_timeout(30)


def wait_until_drawn(page: Page) -> None:
    """Until every chart has something in it: those far below are drawn when the page is idle."""
    plots = "[...document.querySelectorAll('figure .plot')]"
    until(page, f"() => {plots}.every((plot) => plot.firstElementChild)")


def written(folder: Path, run: Run, name: str = "run.html") -> Path:
    file = folder / name
    file.write_text(html_text(run, diagnose(run), explanations=explanations()), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a deep sigmoid network that does not learn, of 12 sites and 20 probes."""
    return written(tmp_path_factory.mktemp("sick"), sick_run())
