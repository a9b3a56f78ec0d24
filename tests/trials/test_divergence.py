"""Trials whose loss becomes NaN, on drawn outcomes: what they cost, and what the verdict says."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from simulated import SCRIPT, STEPS, Simulated
from stetho.choosing import Silent
from stetho.record import CandidateResult, Choice
from stetho.trials.entries import Entry
from stetho.trials.race import LEAST, Race
from stetho.trials.scoring import Score, cost_of_divergence, costs_of, differences
from stetho.trials.settings import Settings
from stetho.trials.trial import DIVERGED, KILLED, Outcome, Trial

NAN = Outcome(DIVERGED, "the loss is not a number at step 7", 7, math.nan, (2.3, 9.0, math.nan))
LOOK = Outcome(DIVERGED, NAN.why, STEPS, math.nan, (2.3,) * 7 + (math.nan,) * (STEPS - 7))
Fate = Callable[[Trial], Outcome | None]


def race(engine: Simulated, candidates: tuple[str, ...] = ("relu", "elu")) -> Choice:
    return Race(Settings(SCRIPT, candidates), engine, None, Silent()).run()


def row(choice: Choice, name: str) -> CandidateResult:
    return next(row for row in choice.candidates if row.name == name)


def diverging(**pairs: range) -> Fate:
    """Of each function, the pairs that diverge."""

    def fate(trial: Trial) -> Outcome | None:
        name = "tanh" if trial.incumbent else trial.candidate
        return NAN if trial.pair in pairs.get(name, ()) else None

    return fate


ALWAYS = range(99)


# -- what it costs -----------------------------------------------------------------------------


def done(*losses: float) -> Outcome:
    return Outcome(losses=losses, steps=len(losses))


WHOLE, VAL_ACC = Score(), Score("val_acc", lower=False)


def test_it_costs_as_much_as_the_worst_that_finished() -> None:
    table = {
        Entry(name="relu"): {0: done(2.0, 4.0), 1: NAN},
        Entry(name="elu"): {0: done(2.0, 1.0)},
    }
    # finished: (2 + 4)/2 = 3 and (2 + 1)/2 = 1.5; they begin at 2, 2.3 and 2
    assert costs_of(table, WHOLE)[Entry(name="relu")] == {0: 3.0, 1: 3.0}


def test_it_costs_as_much_as_a_network_that_never_moved_where_that_is_more() -> None:
    table = {
        Entry(name="relu"): {0: done(2.5, 0.1), 1: NAN},
        Entry(name="elu"): {0: done(2.1, 0.1)},
    }
    # finished: 1.3 and 1.1; the median of 2.5, 2.3 and 2.1, where they begin, is 2.3
    assert cost_of_divergence(table, WHOLE) == 2.3


def test_a_loss_that_begins_where_no_other_comes_does_not_set_the_cost() -> None:
    blown = Outcome(DIVERGED, "", 1, math.nan, (1e9, math.nan))
    table = {
        Entry(name="relu"): {0: done(2.0, 1.0), 1: done(2.2, 1.0)},
        Entry(name="exp"): {0: blown},
    }
    assert cost_of_divergence(table, WHOLE) == 2.2  # the median of 2.0, 2.2 and 1e9


def test_of_a_metric_that_is_to_be_high_it_costs_as_much_as_the_lowest() -> None:
    def reports(*values: float, status: str = "done") -> Outcome:
        return Outcome(status, metrics={"val_acc": tuple(enumerate(values))})

    table = {Entry(name="relu"): {0: reports(0.2, 0.9), 1: reports(0.1, status=DIVERGED)}}
    # finished: 0.9; first reports 0.2 and 0.1, median 0.15; costs are their negatives
    assert cost_of_divergence(table, VAL_ACC) == pytest.approx(-0.15)


def test_what_failed_otherwise_costs_nothing_that_is_known() -> None:
    table = {Entry(name="relu"): {0: done(2.0), 1: Outcome(KILLED, "killed by signal 9")}}
    costs = costs_of(table, WHOLE)[Entry(name="relu")]
    assert math.isnan(costs[1])
    assert differences(costs, {0: 1.0, 1: 1.0}) == [1.0]


# -- who wins ------------------------------------------------------------------------------------


def test_a_script_whose_own_loss_becomes_nan_is_raced_and_loses_to_what_finishes() -> None:
    choice = race(Simulated({"relu": 0.5, "elu": 0.9}, fate=diverging(tanh=ALWAYS), look=LOOK))
    assert (choice.winner, choice.tie) == ("relu", False)
    tanh, relu = row(choice, "tanh"), row(choice, "relu")
    assert (tanh.status, tanh.diverged, math.isnan(tanh.score)) == ("diverged", tanh.pairs, True)
    assert choice.diverged_score == 2.3, "where all of them begin"
    assert relu.difference == pytest.approx(relu.score - 2.3)
    assert relu.p < 0.05
    assert f"the unchanged tanh diverged on {tanh.pairs} of {tanh.pairs} seeds" in choice.verdict
    assert "counts as 2.3" in choice.verdict
    assert any("the unchanged script diverged" in note for note in choice.notes)


def test_seeds_on_which_the_script_as_it_is_diverges_count_against_it() -> None:
    means = {"tanh": 1.0, "relu": 1.0, "elu": 1.0}
    choice = race(Simulated(means, seeds=0.0, noise=0.0, fate=diverging(tanh=range(3, 10, 2))))
    relu = row(choice, "relu")
    assert relu.pairs == 8
    assert relu.difference == pytest.approx(-1.3 * 4 / 8)  # 1.0 − 2.3 in 4 of 8 pairs
    assert relu.p == pytest.approx(2 * 2 / 2**4)  # of 4 unequal pairs, all one way; Holm: twice
    assert choice.winner == "tanh", "4 pairs show too little"
    assert "the unchanged tanh diverged on 4 of 8 seeds" in choice.verdict


def test_enough_of_them_make_another_function_the_better_one() -> None:
    means = {"tanh": 0.9, "relu": 1.0, "elu": 1.0}
    choice = race(Simulated(means, noise=0.001, fate=diverging(tanh=range(1, 10))))
    assert choice.winner in ("relu", "elu")


def test_a_candidate_that_diverges_more_often_than_the_script_is_out() -> None:
    fate = diverging(tanh=range(3, 6), relu=range(6, 10), elu=range(3, 5))
    choice = race(Simulated({"tanh": 1.0, "relu": 0.5, "elu": 0.9}, fate=fate))
    relu, elu = row(choice, "relu"), row(choice, "elu")
    assert relu.status == "diverged"
    assert "diverged on 4 of" in relu.why
    assert "more often than the unchanged script" in relu.why
    assert elu.pairs == row(choice, "tanh").pairs
    assert elu.why.startswith(f"diverged on 2 of {elu.pairs} seeds")


def test_what_has_diverged_puts_nobody_out() -> None:
    fate = diverging(tanh=ALWAYS, relu=range(1, 2))
    engine = Simulated({"relu": 0.2, "elu": 0.6}, seeds=0.01, noise=0.01, fate=fate, look=LOOK)
    assert row(race(engine), "elu").status == "done"


def test_where_all_diverge_there_is_no_verdict_and_it_says_what_to_do() -> None:
    fate = diverging(tanh=ALWAYS, relu=ALWAYS, elu=ALWAYS)
    choice = race(Simulated({}, fate=fate, look=LOOK))
    assert choice.verdict.startswith("No verdict: every trial diverged")
    for said in ("the unchanged tanh", "relu and elu", "--lr-grid", "learning rate"):
        assert said in choice.verdict
    assert {row.status for row in choice.candidates} == {"diverged"}
    assert choice.tied == ("tanh",)


def test_what_finishes_short_trials_alone_is_no_equal() -> None:
    choice = race(Simulated({}, fate=lambda trial: NAN if trial.pair > 2 else None, look=LOOK))
    assert choice.verdict.startswith("No verdict: every trial diverged")
    assert choice.tied == ("tanh",)


def test_a_winner_whose_loss_does_not_fall_is_told_apart_from_one_that_learns() -> None:
    engine = Simulated({"relu": 2.4, "elu": 2.4}, fate=diverging(tanh=ALWAYS), look=LOOK)
    assert "the loss does not fall either" in race(engine).verdict
    engine.means = {"relu": 1.4, "elu": 1.4}
    assert "does not fall" not in race(engine).verdict


def test_equals_of_which_some_trials_diverge_are_called_better_in_5_percent_at_most() -> None:
    """200 races of functions that all diverge on one seed in five, whatever the pair."""

    def unlucky(base: int) -> Fate:
        return lambda trial: NAN if random.Random(f"{base} {trial.key}").random() < 0.2 else None

    claims = 0
    for base in range(200):
        engine = Simulated({}, noise=0.05, base=base, fate=unlucky(base))
        claims += race(engine, ("relu", "elu", "silu", "gelu")).winner != "tanh"
    assert claims <= 10


# -- how long trials are -------------------------------------------------------------------------


def last_steps(look: Outcome) -> int:
    engine = Simulated({"relu": 0.5}, look=look)
    race(engine, ("relu",))
    return max(trial.steps or 0 for trial in engine.ran)


def test_trials_see_what_becomes_of_the_script_itself() -> None:
    late = Outcome(DIVERGED, "", STEPS, math.nan, (2.3,) * 199 + (math.nan,) * (STEPS - 199))
    assert last_steps(late) == 300  # a third of 400 is 134; half as long again as 200 is 300
    assert last_steps(LOOK) == 134


def test_of_a_script_that_ends_itself_the_length_is_not_known() -> None:
    stopped = Outcome(DIVERGED, NAN.why, 8, math.nan, (2.3,) * 7 + (math.nan,))
    assert last_steps(stopped) == LEAST
