"""Which site of one run stands beside which of the other."""

from __future__ import annotations

import pytest

from pages.runs import sick_run
from stetho.diagnose import diagnose
from stetho.record import Run
from stetho.report.pair import Side, pair_json, pair_report, pairs
from stetho.report.terminal import render


def named(*names: str) -> Run:
    return sick_run(names)


def matched(a: Run, b: Run) -> list[tuple[str | None, str | None]]:
    return [
        (pair.a.site.name if pair.a else None, pair.b.site.name if pair.b else None)
        for pair in pairs(a, b)
    ]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("x/relu", "y/relu"), ("x/relu", "y/relu"), [("x/relu",) * 2, ("y/relu",) * 2]),
        # another function in the same module, in another order
        (("x/relu", "y/relu"), ("y/elu", "x/elu"), [("x/relu", "x/elu"), ("y/relu", "y/elu")]),
        # in no module: told apart by their counters
        (("relu", "relu#1"), ("elu", "elu#1"), [("relu", "elu"), ("relu#1", "elu#1")]),
        # one more in B
        (("x/relu",), ("x/relu", "z/relu"), [("x/relu", "x/relu"), (None, "z/relu")]),
    ],
)
def test_matching(a: tuple[str, ...], b: tuple[str, ...], expected: object) -> None:
    assert matched(named(*a), named(*b)) == expected


def test_no_site_is_lost_and_none_is_there_twice() -> None:
    a, b = named("x/relu", "y/relu", "q/tanh"), named("x/elu", "w/elu")
    found = matched(a, b)
    assert [left for left, _ in found if left] == ["x/relu", "y/relu", "q/tanh"]
    assert sorted(right for _, right in found if right) == ["w/elu", "x/elu"]


def sides(a: Run, b: Run) -> tuple[Side, Side]:
    return Side("A", a, diagnose(a)), Side("B", b, diagnose(b))


def test_what_is_said() -> None:
    both = sides(sick_run(), sick_run(slope=0.7, weight=1.4))
    text = " ".join(render(pair_report(*both), 100).split())
    # 0.25¹² × 0.6¹¹ = 2.16e-10; 0.7¹² × 1.4¹¹ = 0.013841 × 40.496 = 0.5605
    assert "2.16e-10 arrives at the first site in A, 0.561 in B." in text
    assert "In A alone: vanishing-gradient" in text
    assert "In both: not-learning" in text


def test_the_form_for_programs() -> None:
    form = pair_json(*sides(sick_run(), sick_run(slope=0.7, weight=1.4)))
    assert form["schema"] == "stetho/compare/1"
    assert "vanishing-gradient" in form["findings"]["only_a"]
    assert form["findings"]["both"] == ["not-learning", "frozen-layer"]
    assert form["runs"]["a"]["gradient_arrives"] == pytest.approx(0.25**12 * 0.6**11)
    first = form["sites"][0]
    assert first["a"]["slope_factor"] == pytest.approx(0.25)
    assert first["b"]["slope_factor"] == pytest.approx(0.7)
    assert form["report"][0]["lines"] == [form["verdict"]]
