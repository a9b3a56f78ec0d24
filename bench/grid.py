"""Full grids: every candidate, twelve seeds, full length, on six examples → bench/grids/*.json.

    python bench/grid.py [EXAMPLE …]

What `bench/choose.py` holds `stetho choose` against. Each file has the losses of every run, thinned
to 200 means; a grid that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
import math
import platform
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

import torch

from stetho.trials.engine import Errand
from stetho.trials.entries import entries_of
from stetho.trials.processes import Processes
from stetho.trials.settings import DEFAULT_CANDIDATES
from stetho.trials.trial import Script, Trial, thinned

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "grids"
EXAMPLES = ("deep_sigmoid", "plain_cnn", "tiny_gpt", "healthy_cnn")
HELD_OUT = ("dying_relu", "saturated_tanh")  # on which nothing of the race was settled
SEEDS = 12
KEPT = 200


def record(name: str) -> None:
    """Run what is missing of one grid."""
    file = FOLDER / f"{name}.json"
    grid = json.loads(file.read_text()) if file.exists() else {"runs": []}
    done = {(run["candidate"], run["pair"]) for run in grid["runs"]}
    script = Script(str(ROOT / "examples" / f"{name}.py"), (), False, str(ROOT))
    with Processes() as engine:
        look = Trial(script, "relu", incumbent=True)
        scouting = engine.scout(Errand(look, ("sigmoid", "tanh", *DEFAULT_CANDIDATES)))
        engine.prepare(scouting)
        entries = entries_of(DEFAULT_CANDIDATES, scouting, "auto")
        grid |= {
            "example": name,
            "incumbent": scouting.incumbent,
            "steps": scouting.outcome.steps,
            "entries": [asdict(entry) for entry in entries],
            "date": date.today().isoformat(),
            "machine": f"{platform.machine()}, 1 thread, torch {torch.__version__}",
        }
        trials = [
            entry.trial(script, scouting.places, pair)
            for pair in range(SEEDS)
            for entry in entries
            if (entry.name, pair) not in done
        ]
        for trial, outcome in engine.run(trials):
            run = {
                "candidate": trial.candidate,
                "pair": trial.pair,
                "status": outcome.status,
                "steps": outcome.steps,
                "area": outcome.area if math.isfinite(outcome.area) else None,
                "step_seconds": round(outcome.step_seconds, 6),
                "losses": [round(loss, 5) for loss in thinned(outcome.losses, KEPT)],
            }
            run["losses"] = [loss if math.isfinite(loss) else None for loss in run["losses"]]
            grid["runs"].append(run)
            print(f"{name} {trial.candidate} {trial.pair}: {outcome.status} {outcome.area:.4f}")
            file.write_text(json.dumps(grid))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for example in sys.argv[1:] or (*EXAMPLES, *HELD_OUT):
        record(example)
