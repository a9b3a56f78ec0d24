"""`stetho choose` against recorded full grids, against other searches, against itself → tables.

    python bench/choose.py replay     # recorded grids: minutes
    python bench/choose.py real [EXAMPLE …]  # races of the examples: a quarter of an hour
    python bench/choose.py alike      # ten races of one function under two names

`bench/grid.py` records the grids. Regret: how much worse the chosen function is at full length than
the best, as a share of what lies between the best and the worst; 0 is best.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import optuna

from grid import EXAMPLES, HELD_OUT
from recorded import Recorded, load, truth
from stetho.choosing import Silent, choose
from stetho.record import Choice
from stetho.trials.race import Race
from stetho.trials.statistics import paired_gain, sign_flip_p

ROOT = Path(__file__).parents[1]
REPETITIONS = 20
REPORTS = 20  # looks of Optuna's pruner at a run

optuna.logging.set_verbosity(optuna.logging.ERROR)


def regret(grid: dict[str, Any], chosen: str) -> float:
    worth = truth(grid)
    best, worst = min(worth.values()), max(worth.values())
    return (worth[chosen] - best) / (worst - best)


def is_true_tie(grid: dict[str, Any], a: str, b: str) -> bool:
    """Whether the grid itself, with its 12 pairs, cannot tell two functions apart."""
    pairs = sorted({run["pair"] for run in grid["runs"]})
    areas = {(run["candidate"], run["pair"]): run["area"] for run in grid["runs"]}
    both = [(areas[a, p], areas[b, p]) for p in pairs]
    known = [x - y for x, y in both if x is not None and y is not None]
    return a == b or (len(known) == len(both) and sign_flip_p(known) >= 0.05)


# -- searches ----------------------------------------------------------------------------------


def by_race(grid: dict[str, Any], repetition: int) -> tuple[str, int, Choice]:
    engine = Recorded(grid, repetition)
    choice = Race(engine.settings(budget=math.inf), engine, None, Silent()).run()
    return choice.winner, choice.steps, choice


def at_random(grid: dict[str, Any], repetition: int, budget: int) -> str:
    """Functions and seeds at random, each run at full length, until the steps are used up."""
    draw, engine = random.Random(repetition), Recorded(grid, repetition)
    best: tuple[float, str] = (math.inf, engine.incumbent)
    spent = 0
    while spent < budget:
        name = draw.choice(engine.names)
        run = engine._runs[name, draw.choice(engine.seeds)]
        spent += run["steps"]
        if run["area"] is not None and spent <= budget:
            best = min(best, (run["area"], name))
    return best[1]


def by_optuna(grid: dict[str, Any], repetition: int, budget: int) -> str:
    """Optuna with its default sampler (TPE) and its default pruner (median)."""
    draw, engine = random.Random(repetition), Recorded(grid, repetition)
    sampler = optuna.samplers.TPESampler(seed=repetition)
    study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.MedianPruner())
    spent = 0
    while spent < budget:
        trial = study.ask()
        name = trial.suggest_categorical("activation", engine.names)
        run = engine._runs[name, draw.choice(engine.seeds)]
        losses = [x for x in run["losses"] if x is not None]
        state = optuna.trial.TrialState.COMPLETE
        seen = len(losses)
        for look in range(1, REPORTS + 1):
            seen = max(1, len(losses) * look // REPORTS)
            trial.report(fmean(losses[:seen]), look)
            if trial.should_prune():
                state = optuna.trial.TrialState.PRUNED
                break
        spent += round(run["steps"] * seen / max(1, len(losses)))
        if run["area"] is None and state is optuna.trial.TrialState.COMPLETE:
            state = optuna.trial.TrialState.FAIL
        done = state is optuna.trial.TrialState.COMPLETE
        study.tell(trial, run["area"] if done else None, state=state)
    done_trials = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    if not done_trials:
        return engine.incumbent
    return str(min(done_trials, key=lambda one: one.value or math.inf).params["activation"])


def replay() -> None:
    print(f"{REPETITIONS} repetitions on the recorded grids, at the steps that the race took\n")
    print("| grid | best | race: chosen | steps, grid / race | regret: race | random | Optuna |")
    print("|---|---|---|---|---|---|---|")
    for name in (*EXAMPLES, *HELD_OUT):
        grid = load(name)
        worth = truth(grid)
        best = min(worth, key=lambda key: worth[key])
        found, ratios, regrets = [], [], []
        for repetition in range(REPETITIONS):
            winner, steps, choice = by_race(grid, repetition)
            found.append(winner)
            ratios.append(choice.full_grid_steps / steps)
            searches: Sequence[Callable[..., str]] = (at_random, by_optuna)
            others = [search(grid, repetition, steps) for search in searches]
            regrets.append([regret(grid, one) for one in (winner, *others)])
        counts = {one: found.count(one) for one in dict.fromkeys(found)}
        told = ", ".join(f"{one} {count}" for one, count in sorted(counts.items(), key=_most))
        means = [fmean(column) for column in zip(*regrets)]
        worst = [max(column) for column in zip(*regrets)]
        cells = [f"{m:.3f} ({w:.2f})" for m, w in zip(means, worst)]
        range_ = f"{median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        print(f"| {name} | {best} | {told} | {range_} | {' | '.join(cells)} |")
    print("\nRegret: mean (largest).\n\nWhat pairing is worth, on the grids' 12 seeds:\n")
    print("| grid | variance of unpaired / of paired differences: median over functions, range |")
    print("|---|---|")
    for name in (*EXAMPLES, *HELD_OUT):
        gains = sorted(_gains(load(name)))
        told = f"{median(gains):.2f} ({gains[0]:.2f} to {gains[-1]:.2f})" if gains else "all failed"
        print(f"| {name} | {told} |")


def _most(item: tuple[str, int]) -> int:
    return -item[1]


def _gains(grid: dict[str, Any]) -> list[float]:
    """Of each function against the incumbent, where all of its runs came to their end."""
    areas: dict[str, list[float | None]] = {}
    for run in sorted(grid["runs"], key=lambda one: int(one["pair"])):
        areas.setdefault(run["candidate"], []).append(run["area"])
    own = areas.pop(grid["incumbent"])
    return [
        paired_gain([float(x) for x in other if x is not None], [float(x or 0) for x in own])
        for other in areas.values()
        if None not in other
    ]


# -- real races --------------------------------------------------------------------------------


def real() -> None:
    print(
        "| example | full grid: best | race: verdict | same, or a true tie | steps, grid / race |"
    )
    print("|---|---|---|---|---|")
    for name in sys.argv[2:] or EXAMPLES:
        grid = load(name)
        worth = truth(grid)
        best = min(worth, key=lambda key: worth[key])
        candidates = [entry["name"] for entry in grid["entries"][1:] if "+" not in entry["name"]]
        script = ROOT / "examples" / f"{name}.py"
        result = choose(script, candidates, budget=3600).choice
        same = "yes" if is_true_tie(grid, result.winner, best) else "no"
        ratio = result.full_grid_steps / result.steps
        tie = f", a tie of {len(result.tied)}" if result.tie else ""
        print(f"| {name} | {best} | {result.winner}{tie} | {same} | {ratio:.1f} |", flush=True)


def alike() -> None:
    """ELU and CELU are one function at α = 1, computed by other kernels."""
    claims = 0
    script = ROOT / "examples" / "plain_cnn.py"
    for number in range(10):
        asked = {"steps": 40 + number, "replace": "tanh", "budget": 3600.0}
        choice = choose(script, ["elu", "celu"], **asked).choice  # type: ignore[arg-type]
        rows = {row.name: row for row in choice.candidates}
        told = [name for name in ("elu", "celu") if name in choice.tied or name == choice.winner]
        claims += len(told) == 1
        gap = rows["elu"].score - rows["celu"].score
        print(
            f"{40 + number} steps: {choice.winner}, tied {choice.tied}, gap {gap:+.2g}", flush=True
        )
    print(f"one of the two called better than the other: {claims} of 10")


if __name__ == "__main__":
    {"replay": replay, "real": real, "alike": alike}[sys.argv[1]]()
