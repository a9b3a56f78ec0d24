"""What must hold of every report on a terminal."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from stetho.record import Diagnosis, Evidence, Finding, Function, Probe, Run, Severity, Site
from stetho.report import build, print_report, terminal, terminal_text, tree
from stetho.report.terminal import sparkline

Named = tuple[str, Run, Diagnosis]
SOURCE = Path(__file__).parents[2] / "src"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(case: Named, width: int) -> None:
    _, run, diagnosis = case
    text = terminal_text(run, diagnosis, width=width, all_sites=True)
    too_wide = [line for line in text.split("\n") if cell_len(line) > width]
    assert not too_wide


@pytest.mark.parametrize("width", [60, 80, 120])
def test_gradients_are_there_in_every_width(cases: Any, width: int) -> None:
    text = terminal_text(*cases["vanishing"](), width=width)
    assert "4.79e-14" in text
    assert "0.00247" in text


@pytest.mark.parametrize("color", [False, True])
def test_names_cannot_reach_the_terminal(case: Named, color: bool) -> None:
    _, run, diagnosis = case
    text = terminal_text(run, diagnosis, color=color)
    plain = ESCAPES.sub("", text) if color else text
    assert all(char == "\n" or char.isprintable() for char in plain)


def test_weird_names_show_literally(cases: Any) -> None:
    text = terminal_text(*cases["weird"](), width=140)
    for name in ("[red]x[/red]/relu", r"line\nbreak\x1b[31m/relu", r"right\u202eto left/relu"):
        assert name in text
    assert "NaN [b]everywhere[/b]." in text


def test_colour_is_the_only_difference(case: Named) -> None:
    _, run, diagnosis = case
    colored = ESCAPES.sub("", terminal_text(run, diagnosis, color=True))
    lines = [line.rstrip() for line in colored.split("\n")]
    assert lines == terminal_text(run, diagnosis).split("\n")


def test_colours_on_a_terminal_only(cases: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run, diagnosis = cases["vanishing"]()
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    printed = {}
    for name, stream in {"terminal": Terminal(), "file": io.StringIO()}.items():
        print_report(run, diagnosis, stream=stream)
        printed[name] = stream.getvalue()
    assert "\x1b[" in printed["terminal"]
    assert "\x1b" not in printed["file"]
    for variable, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            stream = Terminal()
            print_report(run, diagnosis, stream=stream)
            assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_any_encoding_can_take_it(case: Named, encoding: str) -> None:
    _, run, diagnosis = case
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    print_report(run, diagnosis, stream=stream)
    assert b"stetho" in raw.getvalue()


def test_plain_characters_for_ascii(cases: Any) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_report(*cases["vanishing"](), stream=stream)
    text = raw.getvalue().decode("ascii")
    assert "0.247x" in text
    assert "Loss 2.31 -> 2.30" in text
    assert "\\" not in text


def test_verdict_first_then_the_gravest(cases: Any) -> None:
    run, diagnosis = cases["vanishing"]()
    text = terminal_text(run, diagnosis)
    order = [
        "The network does not learn",
        "FAULT vanishing-gradient  (since step 0)",
        "gradient ratio 1.9e-11 (limit 0.001)",
        "to blame: slope 72 %, weights 28 %",
        "what helps",
        "NOTE off-centre",
        "By depth",
        "Learning",
        "Not seen",
        "1.3 % of the run (24 of 400 steps probed",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_telling_sites_are_chosen(cases: Any) -> None:
    run, _ = cases["healthy"]()
    named = "blocks.32.act/relu"  # not among the evenly spaced ones
    finding = Finding(rule="off-centre", severity=Severity.NOTE, message="so", sites=(named,))
    text = terminal_text(run, Diagnosis("", (finding,)))
    rows = re.findall(r"^(\d+)\.act/relu .*×", text, re.MULTILINE)
    assert len(rows) == 40
    assert {"0", "32", "49"} <= set(rows)
    assert rows == sorted(rows, key=int)
    assert "10 of 50 sites are left out; --all-sites shows them." in " ".join(text.split())
    everything = terminal_text(run, Diagnosis(""), all_sites=True)
    assert len(re.findall(r"^(\d+)\.act/relu .*×", everything, re.MULTILINE)) == 50


def test_more_named_sites_than_room(cases: Any) -> None:
    run, _ = cases["healthy"]()
    finding = Finding(
        rule="off-centre",
        severity=Severity.NOTE,
        message="so",
        sites=tuple(site.name for site in run.sites),
    )
    text = terminal_text(run, Diagnosis("", (finding,)))
    rows = re.findall(r"^(\d+)\.act/relu .*×", text, re.MULTILINE)
    assert len(rows) == 40
    assert (rows[0], rows[-1]) == ("0", "49")


def test_cut_names_can_be_told_apart() -> None:
    names = [f"{kind}.of.a.very.long.path.{n}.module.act/relu" for n in range(3) for kind in "ab"]
    sites = tuple(
        Site(name=name, function=Function(name="relu"), index=place)
        for place, name in enumerate(names)
    )
    stats = build(Run(sites=sites, probes=(Probe(step=0, time=0.0),)), Diagnosis(""))
    lines = terminal.render(stats, 60).split("\n")
    cells = [line.split("  ")[0].split(" ")[0] for line in lines if "/relu" in line]
    assert len(set(cells)) == len(names)


@dataclass(frozen=True)
class Unknown:
    text: str = "of a later version"


def with_block(block: Any) -> tree.Report:
    before, after = tree.Paragraph("before"), tree.Paragraph("after")
    return tree.Report("", (tree.Section("", (before, block, after)),))


def test_an_unknown_block_costs_itself_only() -> None:
    with pytest.warns(UserWarning, match="no block of kind Unknown"):
        text = terminal.render(with_block(Unknown()))
    assert "before" in text
    assert "(a block of kind Unknown is not shown)" in text
    assert "after" in text


def test_a_broken_block_costs_itself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tree.Table((tree.Column("x", tree.ColumnKind.NUMBER),), (("no number",),))
    monkeypatch.delenv("STETHO_STRICT", raising=False)
    with pytest.warns(UserWarning, match="block Table of the report failed"):
        text = terminal.render(with_block(broken))
    assert "before" in text
    assert "Table could not be shown" in text
    assert "after" in text
    monkeypatch.setenv("STETHO_STRICT", "1")
    with pytest.raises(TypeError):
        terminal.render(with_block(broken))


def test_a_broken_section_costs_itself_only(cases: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run, diagnosis = cases["vanishing"]()
    broken: Any = replace(run, losses=("x",))
    monkeypatch.delenv("STETHO_STRICT", raising=False)
    with pytest.warns(UserWarning, match="section 'learning' of the report failed"):
        text = terminal_text(broken, diagnosis)
    assert "The network does not learn" in text


def test_sparkline() -> None:
    assert sparkline((0, 1, 2, 3), (8.0, 4.0, 2.0, 0.0), 10) == "█▅▃▁"
    assert sparkline((0, 1, 2, 3), (8.0, 8.0, 0.0, 0.0), 2) == "█▁"
    nan = float("nan")
    assert sparkline((0, 1, 2), (1.0, nan, 1.0), 10) == "█!█"
    assert sparkline((0, 1), (1e308, 1e308), 10) == "██"
    assert sparkline((0,), (1.0,), 10) == ""
    # a loss that hardly moves looks flat
    assert set(sparkline(tuple(range(100)), tuple(2.31 - x / 1e5 for x in range(100)), 20)) == {"█"}


def test_an_unfinished_run_says_so() -> None:
    text = terminal_text(Run(), Diagnosis("so"))
    assert "the run did not come to its end" in text


def test_limits_are_left_out_where_there_are_none() -> None:
    finding = Finding(
        rule="x", severity=Severity.NOTE, message="so", evidence={"samples": Evidence(3200.0)}
    )
    text = terminal_text(Run(), Diagnosis("", (finding,)))
    assert "measured: samples 3,200\n" in text


def test_nothing_heavy_is_loaded() -> None:
    program = """
import sys
from stetho.record import Diagnosis, Run
from stetho.report import json_form, terminal_text
json_form(Run(), Diagnosis("so"))
assert "rich" not in sys.modules
terminal_text(Run(), Diagnosis("so"))
assert not {"torch", "numpy"} & set(sys.modules)
"""
    process = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
