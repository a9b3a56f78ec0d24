"""Every number on a report has at most three significant digits and no soup of exponents."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stetho.record import Evidence
from stetho.report import numbers
from stetho.report.literal import common_start, literal, shorten


@pytest.mark.parametrize(
    ("value", "text", "fixed"),
    [
        (0.0, "0", "0"),
        (-0.0, "0", "0"),
        (0.0123, "0.0123", "0.0123"),
        (0.5, "0.5", "0.500"),
        (1.0, "1", "1.00"),
        (12.345, "12.3", "12.3"),
        (-123.4, "-123", "-123"),
        (999.4, "999", "999"),
        (999.6, "1,000", "1,000"),
        (3200.0, "3,200", "3,200"),
        (999_499.0, "999,499", "999,499"),
        (1.5e6, "1.5e+06", "1.50e+06"),
        (0.001, "0.001", "0.00100"),
        (0.00099951, "0.001", "0.00100"),
        (0.0009, "0.0009", "9.00e-04"),
        (1.2e-7, "1.2e-07", "1.20e-07"),
        (1.2345e-60, "1.23e-60", "1.23e-60"),
        (math.nan, "–", "–"),
        (math.inf, "inf", "inf"),
        (-math.inf, "-inf", "-inf"),
    ],
)
def test_number(value: float, text: str, fixed: str) -> None:
    assert (numbers.number(value), numbers.fixed(value)) == (text, fixed)


@given(st.floats(-1e300, 1e300))
def test_a_number_says_what_it_is(value: float) -> None:
    for text in (numbers.number(value), numbers.fixed(value)):
        assert len(text) <= 10
        assert float(text.replace(",", "")) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("share", "text", "whole"),
    [
        (0.0, "0 %", "0 %"),
        (1.2e-7, "1.2e-05 %", "<1 %"),
        (0.0005, "0.05 %", "<1 %"),
        (0.013, "1.3 %", "1 %"),
        (0.03, "3 %", "3 %"),
        (0.72, "72 %", "72 %"),
        (0.996, "99.6 %", ">99 %"),
        (0.9999, ">99.9 %", ">99 %"),
        (1.0, "100 %", "100 %"),
        (3.4, "340 %", "340 %"),
        (math.nan, "–", "–"),
        (math.inf, "inf %", "inf %"),
    ],
)
def test_percent(share: float, text: str, whole: str) -> None:
    assert (numbers.percent(share), numbers.whole_percent(share)) == (text, whole)


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (Evidence(1.2e-7, 1e-3), "1.2e-07 (limit 0.001)"),
        (Evidence(0.94, 0.1, "%"), "94 % (limit 10 %)"),
        (Evidence(3.4, 2.0, "×"), "3.4× (limit 2×)"),
        (Evidence(1234.0, unit="step"), "step 1,234"),
        (Evidence(1234.0, unit="steps"), "1,234 steps"),
        (Evidence(3.0, unit="s"), "3 s"),
        (Evidence(math.nan), "–"),
    ],
)
def test_evidence(evidence: Evidence, text: str) -> None:
    assert numbers.against_limit(evidence) == text


@given(st.text())
def test_literal_is_printable(text: str) -> None:
    assert literal(text).isprintable()
    assert literal(literal(text)) == literal(text)


def test_literal_leaves_plain_text() -> None:
    assert literal("encoder.ü.名前/relu [x]") == "encoder.ü.名前/relu [x]"
    assert literal("a\tb\n\x1b[0m\x7f\x9b\u200b\u2028") == r"a\tb\n\x1b[0m\x7f\x9b\u200b\u2028"


@given(st.text(max_size=30), st.integers(0, 30))
def test_shorten_keeps_both_ends(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= length or short == text
    if len(text) > length >= 3:
        assert "…" in short
        assert text.endswith(short.split("…")[-1]) or "…" in text


def test_shorten() -> None:
    # 13 = 4 of the start (a third of 12) + the mark + 8 of the end
    assert shorten("encoder.layers.3.mlp/gelu", 13) == "enco…mlp/gelu"


def test_common_start_ends_with_a_dot() -> None:
    assert common_start(["a.b.10/relu", "a.b.11/relu"]) == "a.b."
    assert common_start(["a.b/relu", "a.bc/relu"]) == "a."
    assert common_start(["a/relu", "b/relu"]) == ""
    assert common_start(["a.b/relu"]) == ""
