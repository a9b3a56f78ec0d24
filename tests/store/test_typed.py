"""What is read is what a record declares, or it is refused with the place where it stands."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stetho.record import Diagnosis, Evidence, Finding, Remedy, Run, Severity, Site, Spike
from stetho.store.typed import typed

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
SITE = {"name": "0/relu", "function": {"name": "relu"}, "index": 0}


@given(st.sampled_from((Run, Site, Diagnosis, Spike)), anything)
def test_nothing_but_a_value_error_comes_of_any_json(kind, value):
    with suppress(ValueError):
        assert isinstance(typed(kind, value, "x"), kind)


@given(st.sampled_from(sorted(SITE)), anything)
def test_a_field_of_another_type_is_refused_or_harmless(name, value):
    with suppress(ValueError):
        site = typed(Site, {**SITE, name: value}, "site")
        assert isinstance(site.name, str)
        assert isinstance(site.index, int)


def test_the_place_is_told():
    with pytest.raises(ValueError, match=r"run\.sites\.function\.name: expected str, got \[\]"):
        typed(Run, {"sites": [{**SITE, "function": {"name": []}}]}, "run")


def test_a_record_comes_back_as_it_was():
    finding = Finding(
        rule="dead-units",
        severity=Severity.FAULT,
        message="m",
        sites=("a",),
        evidence={"x": Evidence(1.5, unit="%")},
        cause={"slope": 1.0},
        remedies=(Remedy("do", "expect"),),
    )
    diagnosis = Diagnosis("verdict", (finding,), "stuck")
    text = json.dumps(asdict(diagnosis))
    assert repr(typed(Diagnosis, json.loads(text), "diagnosis")) == repr(diagnosis)


@pytest.mark.parametrize("value", [1 << 60, "x" * (2 << 20), [1] * 3])
def test_sizes_are_bounded(value):
    with pytest.raises(ValueError, match="index"):
        typed(Site, {**SITE, "index": value}, "site")
