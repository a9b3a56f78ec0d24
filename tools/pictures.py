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
    run_file = str(folder / f"{example}.stetho")
    return written(
        folder / f"{example}.html",
        "run",
        "--every",
        "20",
        "-o",
        run_file,
        "--html",
        str(folder / f"{example}.html"),
        f"examples/{example}.py",
    )


def written(file: Path, *arguments: str) -> Path:
    """The page that a command writes."""
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "stetho", *arguments]
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


def one_claim(page: Page) -> None:
    page.add_style_tag(content="nav { position: static !important; }")
    page.locator("#claim-b4").screenshot(path=FOLDER / "article.png")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(
            viewport={"width": 1240, "height": 900}, device_scale_factor=1.25, offline=True
        )
        article = Path(folder) / "article.html"
        shown = (
            (page_of("deep_sigmoid", Path(folder)), first_screen),
            (page_of("saturated_tanh", Path(folder)), one_site),
            (written(article, "article", "B4", "--html", str(article)), one_claim),
        )
        for file, take in shown:
            page = context.new_page()
            page.goto(file.as_uri())
            page.wait_for_timeout(1_500)
            take(page)
        browser.close()


if __name__ == "__main__":
    main()
