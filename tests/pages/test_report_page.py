"""The HTML report as a reader meets it: opened from a file, clicked through, read as tables."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from pages.conftest import until, written
from pages.runs import sick_run
from stetho.report import numbers

Opener = Callable[..., Page]
CHARTS = ("depth", "parts", "heatmap", "site", "through", "multiples", "loss")
FOCUSED = "() => document.activeElement?.closest('section')?.id === 'site'"
INKED = """(plot) => [...plot.querySelectorAll('canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3]) colours.add((data[i] << 16) + (data[i + 1] << 8) + data[i + 2]);
  }
  return colours.size;
})"""


def test_opens_from_a_file_with_the_network_off_and_draws_every_chart(
    open_page: Opener, sick: Path
) -> None:
    page = open_page(sick)
    assert page.inner_text("#status") == "not learning"
    assert "vanishing-gradient" in page.inner_text("#findings")
    for key in CHARTS:
        colours = page.eval_on_selector(f"figure[data-chart={key}] .plot", INKED)
        assert max(colours) > 5, f"chart {key} is blank"
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0


def test_verdict_and_three_answers_without_scrolling(open_page: Opener, sick: Path) -> None:
    page = open_page(sick)
    for text in ("Which layer?", "Since when?", "What do I do?"):
        box = page.get_by_text(text, exact=True).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 768
    answers = page.locator(".answers dd")
    assert "layers.0/sigmoid" in answers.nth(0).inner_text()
    assert "Step 0" in answers.nth(1).inner_text()
    assert "replace sigmoid with ReLU or ELU" in answers.nth(2).inner_text()
    plot = page.locator("figure[data-chart=depth] .plot").bounding_box()
    assert plot is not None
    assert plot["y"] + plot["height"] < 768, "the picture of it is on the first screen too"


def test_from_a_finding_to_its_site_to_the_histogram(open_page: Opener, sick: Path) -> None:
    page = open_page(sick)
    page.locator("article[data-rule=vanishing-gradient] .chips a", has_text="layers.4/").click()
    assert page.locator("figure[data-chart=site] select").input_value() == "4"
    assert (
        page.locator("figure[data-chart=site] .facts").inner_text().startswith("layers.4/sigmoid")
    )
    until(page, FOCUSED)
    assert in_view(page, "figure[data-chart=site] canvas")


def test_a_cell_of_the_heatmap_opens_that_sites_histogram_at_that_step(
    open_page: Opener, sick: Path
) -> None:
    page = open_page(sick)
    click_cell(page, site=7, column=10, sites=12, columns=20)
    facts = page.locator("figure[data-chart=site] .facts")
    assert facts.inner_text().startswith("layers.7/sigmoid, step 250")
    # z's deviation there: 0.3 + 0.02 × probe 10 = 0.5
    assert "deviation 0.5 " in facts.inner_text()
    click_cell(page, site=2, column=0, sites=12, columns=20)
    assert facts.inner_text().startswith("layers.2/sigmoid, step 0")


def click_cell(page: Page, site: int, column: int, sites: int, columns: int) -> None:
    canvas = page.locator("figure[data-chart=heatmap] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    row = max(3, min(26, 420 // sites))
    left = box["width"] - cells_width(page)
    x = left - 6 + (column + 0.5) * (cells_width(page) / columns)
    canvas.click(position={"x": x, "y": 4 + (site + 0.5) * row})


def cells_width(page: Page) -> float:
    """Of the part of the heatmap that has cells; its names take what is left of it."""
    return float(
        page.eval_on_selector(
            "figure[data-chart=heatmap] canvas",
            """(canvas) => {
              const pen = canvas.getContext('2d');
              const y = Math.round(10 * devicePixelRatio);
              const row = pen.getImageData(0, y, canvas.width, 1).data;
              let x = canvas.width - 1;
              let first = x;
              const inked = (at) => row[4 * at + 3] === 255 && row[4 * at] !== row[4 * at + 1];
              for (; x > 0; x--) if (inked(x)) first = x;
              return (canvas.width - first) / devicePixelRatio;
            }""",
        )
    )


def test_the_heatmap_by_keyboard(open_page: Opener, sick: Path) -> None:
    page = open_page(sick)
    page.locator("figure[data-chart=heatmap] canvas").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    said = page.inner_text("#announcer")
    assert said.startswith("layers.2/sigmoid, step 450: gradient ")
    page.keyboard.press("Enter")
    until(page, FOCUSED)
    assert "layers.2/sigmoid, step 450" in page.inner_text("figure[data-chart=site] .facts")


def test_small_multiples_and_slider(open_page: Opener, sick: Path) -> None:
    page = open_page(sick)
    small = page.locator("button.small")
    assert small.count() == 12
    small.nth(9).click()
    assert "layers.9/sigmoid, step 475" in page.inner_text("figure[data-chart=site] .facts")
    slider = page.locator("figure[data-chart=site] input[type=range]")
    slider.focus()
    page.keyboard.press("Home")
    assert "step 0" in page.inner_text("figure[data-chart=site] .facts")
    assert slider.get_attribute("aria-valuetext") == "step 0"


def test_heatmap_quantities(open_page: Opener, sick: Path) -> None:
    page = open_page(sick)
    titles = page.locator("figure[data-chart=heatmap] .choices button").all_inner_texts()
    assert titles == [
        *("gradient", "slope factor", "saturated", "dead units", "off centre", "drift"),
        "update ratio",
    ]
    before = page.eval_on_selector("figure[data-chart=heatmap] canvas", "(c) => c.toDataURL()")
    page.get_by_role("button", name="saturated", exact=True).click()
    after = page.eval_on_selector("figure[data-chart=heatmap] canvas", "(c) => c.toDataURL()")
    assert before != after
    assert "Share of z" in page.inner_text("figure[data-chart=heatmap] .about")


def test_every_chart_has_its_table(open_page: Opener, sick: Path) -> None:
    page, run = open_page(sick), sick_run()
    rows = {}
    for key in CHARTS:
        figure = page.locator(f"figure[data-chart={key}]")
        figure.locator("details.twin > summary").click()
        table = figure.locator("details.twin table")
        table.wait_for()
        rows[key] = table.locator("tbody tr").count()
        assert table.locator("caption").inner_text()
    assert rows["depth"] == rows["parts"] == rows["heatmap"] == rows["multiples"] == 12
    assert rows["through"] == 20
    assert rows["loss"] == len(run.losses)
    assert rows["site"] == sum(share >= 0.5 / 65535 for share in shares(run))


def shares(run: Any) -> list[float]:
    counts = run.probes[-1].sites[run.sites[0].name].histogram
    return [count / sum(counts) for count in counts]


def test_the_table_says_what_was_measured(open_page: Opener, sick: Path) -> None:
    page, run = open_page(sick), sick_run()
    page.locator("figure[data-chart=depth] summary").click()
    row = page.locator("figure[data-chart=depth] tbody tr").nth(3)
    row.wait_for()  # the table is made when it is opened
    cells = row.locator("th, td")
    texts = cells.all_inner_texts()
    stats = run.probes[-1].sites["layers.3/sigmoid"]
    source = run.probes[-1].sites["layers.11/sigmoid"].up_rms
    assert texts[0] == "layers.3/sigmoid"
    assert texts[2] == numbers.number(stats.down_rms)
    assert texts[3] == numbers.number(stats.down_rms / source)
    assert texts[5] == "0.25"


def test_each_model_has_a_source_of_its_own(open_page: Opener, tmp_path: Path) -> None:
    run = sick_run(sites=8)
    names = ["Generator"] * 4 + ["Discriminator"] * 4
    sites = tuple(replace(site, model=name) for site, name in zip(run.sites, names, strict=True))
    page = open_page(written(tmp_path, replace(run, sites=sites)))
    page.locator("figure[data-chart=depth] summary").click()
    rows = page.locator("figure[data-chart=depth] tbody tr")
    rows.first.wait_for()
    relative = [row.locator("td").nth(2).inner_text() for row in rows.all()]
    # 0.25 at each last site; 0.25⁴ × 0.6³ = 8.44e-4 at each first one
    assert relative == ["8.44e-04", "0.00562", "0.0375", "0.25"] * 2


def test_tables_are_saved_as_csv_and_json(open_page: Opener, sick: Path) -> None:
    page, run = open_page(sick), sick_run()
    figure = page.locator("figure[data-chart=depth]")
    figure.locator("summary").click()
    with page.expect_download() as started:
        figure.get_by_role("button", name="Save as CSV").click()
    assert started.value.suggested_filename == "stetho-depth.csv"
    rows = list(csv.reader(Path(started.value.path()).read_text(encoding="utf-8").splitlines()))
    assert rows[0][0] == "site"
    assert [row[0] for row in rows[1:]] == [site.name for site in run.sites]
    stats = run.probes[-1].sites["layers.0/sigmoid"]
    assert float(rows[1][2]) == pytest.approx(stats.down_rms)
    with page.expect_download() as started:
        figure.get_by_role("button", name="Save as JSON").click()
    saved = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
    assert len(saved["rows"]) == 12
    with page.expect_download() as started:
        page.locator("#save-json").click()
    report = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
    assert report["schema"] == "stetho/run/1"


def test_numbers_read_the_same_as_in_the_terminal(open_page: Opener, sick: Path) -> None:
    page = open_page(sick)
    assets = Path(numbers.__file__).parent / "html" / "assets"
    code = (assets / "numbers.js").read_text(encoding="utf-8")
    values = [0.0, 1.0, 0.0123, 0.5, 12.345, -123.4, 999.4, 999.6, 3200.0, 1.5e6, 1.2e-7, 1e-60]
    shown = page.evaluate(f"(values) => {{ {code}; return values.map(number); }}", values)
    assert shown == [numbers.number(value) for value in values]
    parts = [0.0, 0.013, 0.03, 0.72, 0.9999, 1.0, 0.0005, 3.4]
    shown = page.evaluate(f"(values) => {{ {code}; return values.map(percent); }}", parts)
    assert shown == [numbers.percent(share) for share in parts]


def test_dark_mode(open_page: Opener, sick: Path) -> None:
    def background(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    light, dark = (open_page(sick, color_scheme=scheme) for scheme in ("light", "dark"))
    assert background(light) > 600
    assert background(dark) < 150
    drawn = "(c) => c.toDataURL()"
    canvas = "figure[data-chart=depth] canvas"
    assert light.eval_on_selector(canvas, drawn) != dark.eval_on_selector(canvas, drawn)
    before = dark.eval_on_selector(canvas, drawn)
    assert dark.inner_text("#theme") == "Light"
    dark.click("#theme")
    assert background(dark) > 600
    assert dark.eval_on_selector(canvas, drawn) != before


def test_360_pixels_wide(open_page: Opener, sick: Path) -> None:
    page = open_page(sick, viewport={"width": 360, "height": 740}, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    too_wide = page.evaluate(
        """[...document.querySelectorAll('main canvas, main p, main figure, main article, button')]
        .filter((one) => one.getBoundingClientRect().right > 361)
        .filter((one) => !one.closest('.scroll')).map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert too_wide == []
    page.locator("article[data-rule=vanishing-gradient] .chips a").first.click()
    assert in_view(page, "section#site h2")


def test_printed(open_page: Opener, sick: Path) -> None:
    page = open_page(sick)
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.locator("#theme").is_visible()
    assert page.locator("#findings article").first.is_visible()
    assert len(page.pdf()) > 20_000


def test_dark_pages_are_printed_on_white(open_page: Opener, sick: Path) -> None:
    page = open_page(sick, color_scheme="dark")
    canvas, drawn = "figure[data-chart=depth] canvas", "(c) => c.toDataURL()"
    on_screen = page.eval_on_selector(canvas, drawn)
    colour = "getComputedStyle(document.body).color"
    light_text = page.evaluate(colour)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(colour) == "rgb(20, 24, 31)"
    assert page.eval_on_selector(canvas, drawn) != on_screen
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(colour) == light_text != "rgb(20, 24, 31)"
    assert page.eval_on_selector(canvas, drawn) == on_screen


def test_explanations_stand_under_their_findings(open_page: Opener, sick: Path) -> None:
    page = open_page(sick)
    fold = page.locator("article[data-rule=vanishing-gradient] details.explain")
    assert not fold.locator("p").first.is_visible()
    fold.locator("summary").click()
    assert "How much of the gradient reaches" in fold.inner_text()
    assert "Limit 0.001" in fold.inner_text()


HOSTILE = [
    "<script>alert(1)</script>/sigmoid",
    '"><img src=x onerror=alert(1)>/sigmoid',
    "=HYPERLINK(1)/sigmoid",
    "</script><script>alert(2)</script>/sigmoid",
    "line\nbreak\u202e\x1b[31m/sigmoid",
    "deep." * 60 + "act/sigmoid",  # over 300 characters
]


def test_names_are_shown_and_not_run(open_page: Opener, tmp_path: Path) -> None:
    """A dialog, a request or an error of the console fails in `open_page`."""
    page = open_page(written(tmp_path, sick_run(HOSTILE)), viewport={"width": 360, "height": 740})
    text = page.inner_text("main")
    for name in HOSTILE[:4]:
        assert name in text
    assert r"line\nbreak\u202e\x1b[31m/sigmoid" in text
    assert "deep." * 60 + "act/sigmoid" in text
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 4, "two with data, uPlot, ours"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for key in CHARTS:
        page.locator(f"figure[data-chart={key}] details.twin > summary").click()
    figure = page.locator("figure[data-chart=multiples]")
    with page.expect_download() as started:
        figure.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.reader(Path(started.value.path()).read_text(encoding="utf-8").splitlines()))
    assert rows[1][0] == HOSTILE[0]
    assert rows[3][0] == "'=HYPERLINK(1)/sigmoid", "a spreadsheet must not take it for a formula"
    assert rows[6][0] == HOSTILE[5]


def test_a_script_that_slipped_in_would_not_run(
    open_page: Opener, sick: Path, tmp_path: Path
) -> None:
    """The second wall: only the page's own scripts are allowed, by their hashes."""
    code = sick.read_text(encoding="utf-8")
    evil = "<script>document.title = 'taken'</script><b onclick=\"document.title = 'taken'\">x</b>"
    file = tmp_path / "evil.html"
    file.write_text(code.replace("</main>", f"{evil}</main>", 1), encoding="utf-8")
    page = open_page(file, hostile=True)
    page.locator("b", has_text="x").last.click()
    assert page.title() == "stetho: python deep.py --lr 0.1"
    without = code.replace("script-src", "x-src", 1).replace("default-src 'none'; ", "", 1)
    file.write_text(without.replace("</main>", f"{evil}</main>", 1), encoding="utf-8")
    assert open_page(file, hostile=True).title() == "taken", "this test can fail"


def test_an_empty_run_has_a_page(open_page: Opener, tmp_path: Path) -> None:
    from stetho.record import Run

    page = open_page(written(tmp_path, Run(command="python linear.py", finished=True)))
    assert "Nothing was measured" in page.inner_text("main")


def in_view(page: Page, selector: str) -> bool:
    """Once scrolling has come to rest."""
    until(
        page,
        """(selector) => {
          const box = document.querySelector(selector).getBoundingClientRect();
          return box.top < innerHeight && box.bottom > 0;
        }""",
        selector,
    )
    return True
