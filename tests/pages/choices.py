"""A race made by hand, for its page to show."""

from __future__ import annotations

import math

from stetho.record import CandidateResult, Choice


def curve(rate: float, spread: float) -> tuple[tuple[float, float, float], ...]:
    means = [2.3 * math.exp(-rate * turn / 10) + 0.05 for turn in range(60)]
    return tuple((mean, mean * (1 - spread), mean * (1 + spread)) for mean in means)


def a_choice(winner: str = "elu", **more: object) -> Choice:
    elu = CandidateResult(
        *(winner, "done"),
        score=0.31,
        difference=-1.9,
        interval=(-2.05, -1.75),
        p=0.0098,
        pairs=12,
        steps=400,
        step_cost=1.08,
        memory=1.0,
        init="critical",
        curve=curve(0.9, 0.1),
    )
    sigmoid = CandidateResult(
        *("sigmoid", "done", "vanishing-gradient: 1.3e-10 arrives", True),
        score=2.2,
        pairs=12,
        steps=400,
        step_cost=1.0,
        curve=curve(0.01, 0.02),
    )
    tanh = CandidateResult(
        *("tanh", "done"),
        score=2.21,
        difference=0.02,
        interval=(-0.1, 0.13),
        p=0.8,
        pairs=6,
        steps=400,
        step_cost=1.02,
        curve=curve(0.02, 0.05),
    )
    broken = CandidateResult(
        *("squared_relu", "diverged", "NaN at step 12"),
        pairs=2,
        steps=12,
        curve=((2.0, 1.9, 2.1), (1e6, 1e5, 1e7)),
    )
    settings: dict[str, object] = {
        "command": "train.py --epochs 3",
        "winner": winner,
        "tie": False,
        "score": "training-loss",
        "lower_is_better": True,
        "incumbent": "sigmoid",
        "candidates": (elu, sigmoid, tanh, broken),
        "tied": (winner,),
        "verdict": "elu is better than sigmoid. It lowers the training loss by 1.9 in 12 pairs.",
        "advice": ("ReLU was tried first.",),
        "notes": ("Weights stand at elu's critical point.",),
        "steps": 4800,
        "full_grid_steps": 28_800,
        "seconds": 91.0,
    }
    return Choice(**{**settings, **more})  # type: ignore[arg-type]
