"""Pages of a check-up, of a prediction, of two runs, of a race: opened, drawn, read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from pages.articles import NAMED, an_article
from pages.choices import a_choice
from pages.runs import sick_run
from pages.test_axe import pair, prediction
from pages.test_report_page import INKED
from stetho.diagnose import diagnose
from stetho.record import PredictedSite
from stetho.report import article_html, choice_html, html_text

Opener = Callable[..., Page]


def test_theory_lies_behind_what_was_measured(open_page: Opener, tmp_path: Path) -> None:
    run = sick_run(probes=1)
    predicted = [
        PredictedSite(
            name=site.name,
            function="sigmoid",
            z_std=0.3,
            z_band=(0.2, 0.4),
            slope_factor=0.25,
            grad_rms=1e-6,
            grad_band=(5e-7, 2e-6),
            valid=True,
        )
        for site in run.sites
    ]
    file = tmp_path / "check.html"
    file.write_text(html_text(run, diagnose(run), predicted=predicted), encoding="utf-8")
    page = open_page(file)
    assert "theory: 95 % band" in page.inner_text("figure[data-chart=depth]")
    page.locator("figure[data-chart=depth] summary").click()
    first = page.locator("figure[data-chart=depth] tbody tr").first
    first.wait_for()  # the table is made when it is opened
    row = first.locator("td").all_inner_texts()
    assert row[-4:] == ["1e-06", "5e-07", "2e-06", "yes"]


def test_prediction(open_page: Opener, tmp_path: Path) -> None:
    (tmp_path / "predict.html").write_text(prediction(), encoding="utf-8")
    page = open_page(tmp_path / "predict.html")
    before = page.eval_on_selector("figure .plot canvas", "(c) => c.toDataURL()")
    assert "relu: The gradient at 0/relu" in page.inner_text("#verdict")
    assert "z is not normal" in page.inner_text("main")
    page.get_by_role("button", name="rms", exact=True).click()
    assert page.eval_on_selector("figure .plot canvas", "(c) => c.toDataURL()") != before
    page.get_by_role("button", name="elu", exact=True).click()
    pressed = page.get_by_role("button", name="elu", exact=True)
    assert pressed.get_attribute("aria-pressed") == "true"


def test_two_runs(open_page: Opener, tmp_path: Path) -> None:
    (tmp_path / "pair.html").write_text(pair(), encoding="utf-8")
    page = open_page(tmp_path / "pair.html", viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for key in ("depths", "losses"):
        assert max(page.eval_on_selector(f"figure[data-chart={key}] .plot", INKED)) > 5
        page.locator(f"figure[data-chart={key}] summary").click()
    rows = page.locator("figure[data-chart=depths] tbody tr")
    rows.first.wait_for()
    assert rows.count() == 12
    assert rows.first.locator("td").all_inner_texts()[0] == "layers.0/sigmoid"


def test_a_race(open_page: Opener, tmp_path: Path) -> None:
    (tmp_path / "choice.html").write_text(choice_html(a_choice()), encoding="utf-8")
    page = open_page(tmp_path / "choice.html")
    assert page.inner_text("#status") == "elu"
    for key in ("intervals", "curves", "costs"):
        assert max(page.eval_on_selector(f"figure[data-chart={key}] .plot", INKED)) > 5
        page.locator(f"figure[data-chart={key}] summary").click()
        page.locator(f"figure[data-chart={key}] table").wait_for()
    first = page.locator("figure[data-chart=intervals] tbody tr").first
    assert first.locator("td").all_inner_texts()[:4] == ["0.31", "-1.9", "-2.05", "-1.75"]
    label = page.get_attribute("figure[data-chart=intervals] canvas", "aria-label")
    assert label is not None
    assert "elu: -1.9 (-2.05 to -1.75), better" in label
    assert "tanh: 0.02 (-0.1 to 0.13), neither" in label
    broken = page.locator("figure[data-chart=curves] button", has_text="squared_relu")
    assert broken.get_attribute("aria-pressed") == "false", "1e6 leaves no room for the others"
    drawn = page.eval_on_selector("figure[data-chart=curves] canvas", "(c) => c.toDataURL()")
    page.locator("figure[data-chart=curves] button", has_text="tanh").click()
    without = page.eval_on_selector("figure[data-chart=curves] canvas", "(c) => c.toDataURL()")
    assert drawn != without


def test_names_of_a_race_are_shown_and_not_run(open_page: Opener, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    choice = a_choice(name, verdict=f"{name} is best.", advice=(name,))
    (tmp_path / "choice.html").write_text(choice_html(choice), encoding="utf-8")
    page = open_page(tmp_path / "choice.html")
    assert f"{name} is best." in page.inner_text("main")


def test_the_article(open_page: Opener, tmp_path: Path) -> None:
    (tmp_path / "article.html").write_text(article_html(an_article()), encoding="utf-8")
    page = open_page(tmp_path / "article.html", viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    figures = page.locator("figure[data-chart=picture]")
    assert figures.count() == 12  # 4 claims with 3 pictures each
    for place in range(12):
        figures.nth(place).scroll_into_view_if_needed()
        figures.nth(place).locator("canvas").wait_for()
    assert max(page.eval_on_selector("figure[data-chart=picture] .plot", INKED)) > 5
    figures.nth(0).locator("summary").click()
    figures.nth(0).locator("tbody tr").first.wait_for()  # the table is made when it is opened
    rows = figures.nth(0).locator("tbody tr").all_inner_texts()
    assert rows[0].split("\t") == ["1", "0.001", "5e-04", "0.002", "0.002"]
    assert figures.nth(1).locator(".legend").inner_text().strip() == NAMED
    page.get_by_role("link", name="B4 · Early layers hardly learn").click()
    assert page.url.endswith("#claim-b4")
