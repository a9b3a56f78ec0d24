"""The race on drawn outcomes: who wins, who is eliminated, and how often it is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulated import SCRIPT, STEPS, Simulated
from stetho.choosing import Silent
from stetho.errors import UsageError
from stetho.record import Choice, Run
from stetho.store.race_file import RaceFile
from stetho.trials.race import SHORT_PAIRS, Race
from stetho.trials.settings import Settings
from stetho.trials.trial import DIVERGED, Outcome, Trial

LAST = math.ceil(STEPS / 3)  # steps of a trial of the last rung


def race(engine: Simulated, candidates: Sequence[str], **settings: Any) -> Choice:
    file = settings.pop("file", None)
    asked = Settings(SCRIPT, tuple(candidates), **settings)
    return Race(asked, engine, file, Silent()).run()


def rows(choice: Choice) -> dict[str, Any]:
    return {row.name: row for row in choice.candidates}


def test_a_planted_winner_is_found_with_its_difference() -> None:
    choice = race(Simulated({"elu": 0.8, "relu": 1.0}), ["relu", "elu"])
    assert (choice.winner, choice.tie) == ("elu", False)
    elu = rows(choice)["elu"]
    assert elu.difference == pytest.approx(-0.2, abs=0.03)
    assert elu.interval[0] < elu.difference < elu.interval[1] < 0
    assert elu.p < 0.05
    assert "elu" in choice.verdict
    assert "tanh" in choice.verdict


def test_equal_candidates_are_a_tie_and_the_incumbent_stays() -> None:
    choice = race(Simulated({"elu": 1.0, "relu": 1.0}), ["relu", "elu"])
    assert (choice.winner, choice.tie) == ("tanh", True)
    assert set(choice.tied) == {"tanh", "relu", "elu"}
    assert choice.verdict.startswith("Tie: keep tanh")


def test_of_equals_that_beat_the_incumbent_the_cheapest_wins() -> None:
    means = {"gelu": 0.7, "relu": 0.7, "elu": 0.7}
    choice = race(Simulated(means), ["gelu", "elu", "relu"])
    assert (choice.winner, choice.tie) == ("relu", True)
    assert "cheapest" in choice.verdict


def test_the_short_rung_only_eliminates_and_the_last_one_has_fresh_seeds() -> None:
    engine = Simulated({"elu": 0.7, "relu": 0.8, "silu": 1.9})
    choice = race(engine, ["relu", "elu", "silu"])
    assert rows(choice)["silu"].status == "eliminated"
    assert "clearly behind elu" in rows(choice)["silu"].why
    short = {trial.pair for trial in engine.ran if trial.steps and trial.steps < LAST}
    last = {trial.pair for trial in engine.ran if trial.steps == LAST}
    assert short == set(range(SHORT_PAIRS))
    assert min(last) == SHORT_PAIRS
    assert len(last) >= 6


def test_the_incumbent_runs_every_pair_however_far_it_is_behind() -> None:
    engine = Simulated({"elu": 0.5, "relu": 0.5, "tanh": 3.0})
    choice = race(engine, ["relu", "elu"])
    pairs = [t.pair for t in engine.ran if t.incumbent and t.steps == LAST]
    assert len(pairs) == len(set(pairs)) == rows(choice)["elu"].pairs >= 6


def test_every_candidate_gets_the_same_rates_and_goes_on_with_its_best() -> None:
    class Steep(Simulated):
        def _drawn(self, trial: Trial) -> Outcome:
            drawn, extra = super()._drawn(trial), 0.5 * abs(trial.lr - 0.3)
            return replace(drawn, losses=tuple(loss + extra for loss in drawn.losses))

    engine = Steep({"elu": 0.5})
    choice = race(engine, ["elu"], lr_grid=(0.3, 1.0))
    assert choice.winner == "elu, lr × 0.3"
    assert "tanh, lr × 0.3" in rows(choice)  # the script's own function has the same chance
    assert rows(choice)["tanh"].pairs >= 6


def test_a_candidate_that_diverges_is_a_row_with_its_reason() -> None:
    def fate(trial: Trial) -> Outcome | None:
        fails = trial.candidate == "relu" and trial.pair == 4
        return Outcome(DIVERGED, "the loss is not a number at step 7", 7) if fails else None

    choice = race(Simulated({"elu": 0.5, "relu": 0.4}, fate=fate), ["relu", "elu"])
    assert choice.winner == "elu"
    assert rows(choice)["relu"].status == "diverged"
    assert "step 7" in rows(choice)["relu"].why


def test_theory_drops_what_cannot_carry_anything_with_the_authors_weights() -> None:
    ways = {"tanh": (0.5, 0.8), "elu": (1e-9, 1.0), "relu": (0.4, 0.9)}
    engine = Simulated({"elu": 0.5, "relu": 0.9}, ways=ways)
    choice = race(engine, ["relu", "elu"], init="keep")
    assert rows(choice)["elu"].status == "dropped"
    assert "1.0e-09" in rows(choice)["elu"].why
    assert not [trial for trial in engine.ran if trial.candidate == "elu"]


def test_auto_sets_the_weights_where_theory_says_that_they_do_not_suit() -> None:
    ways = {"tanh": (1e-9, 1.0), "elu": (1e-4, 1.0), "relu": (0.5, 1.0)}
    engine = Simulated({"elu": 0.5, "relu": 0.9}, ways=ways)
    engine.scout = _stuck(engine)  # type: ignore[method-assign]
    choice = race(engine, ["relu", "elu"])
    assert {t.candidate: t.init for t in engine.ran if not t.incumbent} == {
        "tanh+critical": "keep",  # the recipe itself says so
        "relu": "keep",
        "elu": "critical",
    }
    assert any(note.startswith("elu begins at its critical point") for note in choice.notes)


def test_auto_keeps_the_weights_of_a_network_that_learns() -> None:
    ways = {"tanh": (1e-3, 1.0), "elu": (1e-3, 1.0)}
    engine = Simulated({"elu": 0.5}, ways=ways)
    race(engine, ["elu"])
    assert {trial.init for trial in engine.ran} == {"keep"}


def _stuck(engine: Simulated) -> Any:
    scout = engine.scout

    def stuck(errand: Any) -> Any:
        found = scout(errand)
        return replace(found, outcome=replace(found.outcome, losses=(2.3,) * STEPS))

    return stuck


def test_same_function_under_another_name_is_called_better_in_5_percent_of_races_at_most() -> None:
    """200 races of four candidates that are all the incumbent's equal, seeds and chance drawn."""
    claims = 0
    for base in range(200):
        engine = Simulated({}, seeds=0.1, noise=0.05, base=base)
        claims += race(engine, ["relu", "elu", "silu", "gelu"]).winner != "tanh"
    assert claims <= 10


def test_a_real_difference_of_two_deviations_is_seen_in_most_races() -> None:
    found = sum(
        race(Simulated({"elu": 0.9}, noise=0.05, base=base), ["elu", "relu"]).winner == "elu"
        for base in range(30)
    )
    # all pairs but the last one or two must point one way: some 85 % of races
    assert found >= 21


class Interrupted(Simulated):
    """Ctrl-C after so many trials."""

    def __init__(self, after: int, means: dict[str, float]) -> None:
        super().__init__(means)
        self.after = after

    def run(
        self, trials: Sequence[Trial], seconds: float | None = None
    ) -> Iterator[tuple[Trial, Outcome]]:
        for done in super().run(trials, seconds):
            yield done
            if len(self.ran) >= self.after:
                raise KeyboardInterrupt


@pytest.mark.parametrize("after", [1, 9, 14])
def test_a_race_that_was_interrupted_goes_on_and_ends_as_if_it_had_not_been(
    tmp_path: Path, after: int
) -> None:
    means = {"elu": 0.8, "relu": 0.9}
    whole = race(Simulated(means), ["relu", "elu"])
    file = RaceFile.new(tmp_path / "race.stetho", Run(kind="race"))
    with pytest.raises(KeyboardInterrupt):
        race(Interrupted(after, means), ["relu", "elu"], file=file)
    engine = Simulated(means)
    again = race(engine, ["relu", "elu"], file=RaceFile.old(file.path))
    same = {"seconds": 0.0, "created": ""}
    assert replace(again, **same) == replace(whole, **same)
    total = len(Simulated(means).ran) or len(engine.ran) + after
    assert len(engine.ran) + after == total
    assert len({trial.key for trial in engine.ran}) == len(engine.ran)


def test_a_budget_that_runs_out_claims_nothing() -> None:
    choice = race(Simulated({"elu": 0.5}), ["elu"], budget=1e-9)
    assert not choice.complete
    assert choice.winner == "tanh"
    assert any("budget" in note for note in choice.notes)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"pairs": 5}, "--pairs of 6 or more"),
        ({"steps": 3}, "--steps of 10 or more"),
        ({"init": "good"}, "--init"),
        ({"lr_grid": (0.0,)}, "factors above 0"),
    ],
)
def test_settings_that_do_not_fit_are_refused(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Settings(SCRIPT, ("relu",), **asked)


def test_the_winner_is_tried_at_full_length_and_makes_way_if_it_fails_there() -> None:
    def fate(trial: Trial) -> Outcome | None:
        fails = trial.candidate == "elu" and trial.steps is None
        return Outcome(DIVERGED, "the loss is not a number at step 300", 300) if fails else None

    choice = race(Simulated({"elu": 0.5, "relu": 0.6}, fate=fate), ["relu", "elu"])
    assert choice.winner == "relu"
    assert "at full length: diverged" in rows(choice)["elu"].why
    assert any(note.startswith("at full length (400 steps") for note in choice.notes)
