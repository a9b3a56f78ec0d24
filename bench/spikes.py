"""Nothing in → how many planted spikes of the loss are noticed, and laid to the right cause.

`python bench/spikes.py`: 30 trainings with one planted spike, 30 without.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import torch
from torch import Tensor, nn

import stetho
from digits import NETWORKS, OPTIMIZERS, train

STEPS = 500
CAUSES = {"data": "input", "labels": "labels", "rate": "learning-rate", "weights": "weights"}


@dataclass(frozen=True)
class Case:
    kind: str  # what is planted: a key of CAUSES, or "" for a healthy twin
    network: str
    optimizer: str
    step: int
    seed: int


def cases() -> Iterator[Case]:
    generator = torch.Generator().manual_seed(7)
    for index in count():
        kind = list(CAUSES)[index % 4]
        network = list(NETWORKS)[index // 4 % 3]
        optimizer = list(OPTIMIZERS)[index // 2 % 3]
        step = int(torch.randint(120, 400, (), generator=generator))
        yield Case(kind, network, optimizer, step, index)


def moved(result: stetho.Result, step: int) -> bool:
    """Whether what was planted shows in the loss at all: above all of the 64 steps before."""
    losses = result.run.losses
    return max(losses[step : step + 4]) > 1.5 * max(losses[step - 64 : step])


def train_case(case: Case) -> stetho.Result:
    return train(case.network, case.optimizer, case.seed, STEPS, partial(plant, case))


def plant(
    case: Case, step: int, x: Tensor, y: Tensor, net: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[Tensor, Tensor]:
    if case.kind == "data" and step == case.step:
        return 100 * x, y
    if case.kind == "labels" and case.step <= step < case.step + 3:
        return x, y[torch.randperm(len(y))]
    if case.kind == "rate" and step == case.step:
        optimizer.param_groups[0]["lr"] *= 30
    if case.kind == "rate" and step == case.step + 1:
        optimizer.param_groups[0]["lr"] /= 30
    if case.kind == "weights" and step == case.step:
        weights = [p for p in net.parameters() if p.ndim > 1]
        with torch.no_grad():
            hit = weights[case.seed % len(weights)]
            hit += 3 * hit.std() * torch.randn_like(hit)
    return x, y


def truth(case: Case, net: nn.Module) -> str | None:
    """The layer that moved first, where there is one."""
    layers = [name for name, p in net.named_parameters() if p.ndim > 1]
    names = [name.rpartition(".")[0] for name in layers]
    if case.kind == "data":
        return names[0]
    if case.kind == "labels":
        return names[-1]
    return names[case.seed % len(names)] if case.kind == "weights" else None


def judge(case: Case, result: stetho.Result) -> dict[str, object]:
    found = [one for one in result.diagnosis.findings if one.rule == "loss-spike"]
    wanted = truth(case, NETWORKS[case.network]())
    near = [one for one in found if case.kind and abs((one.first_step or 0) - case.step) <= 3]
    return {
        "case": str(case),
        "noticed": bool(near),
        "cause": bool(near) and near[0].cause == {CAUSES.get(case.kind, ""): 1.0},
        "layer": bool(near) and (wanted is None or near[0].sites == (wanted,)),
        "severity": found[0].severity.word if found else "",
        "message": found[0].message if found else "",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", help="where the rows go")
    parser.add_argument("--count", type=int, default=30, help="how many")
    chosen = parser.parse_args()
    planted, twins, silent = [], [], []
    for case in cases():
        if len(planted) == chosen.count:
            break
        result = train_case(case)
        if not moved(result, case.step):  # a normalisation takes it off again
            silent.append(str(case))
            continue
        planted.append(judge(case, result))
        twin = replace(case, kind="", step=0)
        twins.append(judge(twin, train_case(twin)))
    for row in (*planted, *twins):
        print(row["case"], row["noticed"], row["cause"], row["layer"], row["severity"])
        print("   ", row["message"])
    right = sum(bool(row["cause"] and row["layer"]) for row in planted)
    loud = sum(row["severity"] in ("warning", "fault") for row in twins)
    print(f"planted without an effect on the loss, not counted: {len(silent)}")
    print(f"noticed {sum(bool(row['noticed']) for row in planted)} of {len(planted)}")
    print(f"cause and layer right {right} of {len(planted)}")
    print(f"healthy twins with a spike above a note: {loud} of {len(twins)}")
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump({"planted": planted, "twins": twins}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
