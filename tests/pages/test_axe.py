"""axe-core on every kind of page, light and dark: nothing serious or critical."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from pages.articles import an_article
from pages.choices import a_choice
from pages.conftest import written
from pages.runs import sick_run
from stetho.diagnose import diagnose
from stetho.record import Predicted, PredictedSite
from stetho.report import Side, article_html, choice_html, pair_html, predicted_html

Opener = Callable[..., Page]
GRAVE = ("serious", "critical")


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def pair() -> str:
    a, b = sick_run(), sick_run(slope=0.7, weight=1.4)
    return pair_html(Side("A", a, diagnose(a)), Side("B", b, diagnose(b)))


def prediction() -> str:
    site = PredictedSite(
        name="0/relu",
        function="relu",
        z_std=1.0,
        z_band=(0.8, 1.2),
        slope_factor=0.7,
        grad_rms=1e-3,
        grad_band=(8e-4, 1.2e-3),
        valid=True,
    )
    sites = (site, replace(site, name="2/relu", valid=False, why="z is not normal"))
    return predicted_html(
        {
            "relu": Predicted(sites=sites, depth_scale=12.0, trainable_depth=72.0),
            "elu": Predicted(sites=sites),
        }
    )


PAGES: dict[str, Callable[[], str]] = {
    "article": lambda: article_html(an_article()),
    "compare": pair,
    "choose": lambda: choice_html(a_choice()),
    "predict": prediction,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report(open_page: Opener, tmp_path: Path, scheme: Any) -> None:
    page = open_page(written(tmp_path, sick_run(sites=5, probes=3)), color_scheme=scheme)
    for fold in page.locator("details > summary").all():
        fold.click()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", PAGES)
def test_other_pages(open_page: Opener, tmp_path: Path, kind: str, scheme: Any) -> None:
    (tmp_path / "page.html").write_text(PAGES[kind](), encoding="utf-8")
    page = open_page(tmp_path / "page.html", color_scheme=scheme)
    assert violations(page) == []


def test_a_fault_would_be_found(open_page: Opener, sick: Path, tmp_path: Path) -> None:
    code = sick.read_text(encoding="utf-8").replace("</main>", "<button></button></main>", 1)
    (tmp_path / "bad.html").write_text(code, encoding="utf-8")
    assert any("button-name" in one for one in violations(open_page(tmp_path / "bad.html")))
