"""Pictures of the manual ← the pages themselves, in a real browser: `python tools/pictures.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from generated import ROOT
from playwright.sync_api import Page, sync_playwright

FOLDER = ROOT / "docs" / "img"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def page_of(example: str, folder: Path) -> Path:
    """The HTML report of one of the examples."""
    file = folder / f"{example}.html"
    command = [
        sys.executable,
        "-m",
        "stetho",
        "run",
        "--every",
        "20",
        "-o",
        str(folder / f"{example}.stetho"),
    ]
    command += ["--html", str(file), f"examples/{example}.py"]
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=ROOT, env=settings, check=True, capture_output=True)
    return file


def first_screen(page: Page) -> None:
    bottom = page.locator("#verdict").bounding_box()
    assert bottom is not None
    height = bottom["y"] + bottom["height"] + 8
    clip = {"x": 0, "y": 0, "width": 1240, "height": height}
    page.screenshot(path=FOLDER / "report.png", clip=clip)


def one_site(page: Page) -> None:
    page.add_style_tag(content="nav { position: static !important; }")
    page.evaluate("document.querySelector('#site').scrollIntoView()")
    page.locator("#site").screenshot(path=FOLDER / "site.png")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(
            viewport={"width": 1240, "height": 900}, device_scale_factor=1.25, offline=True
        )
        for example, take in (("deep_sigmoid", first_screen), ("saturated_tanh", one_site)):
            page = context.new_page()
            page.goto(page_of(example, Path(folder)).as_uri())
            page.wait_for_timeout(1_500)
            take(page)
        browser.close()


if __name__ == "__main__":
    main()
