"""Nothing in → how many faults that begin late in a training are noticed, and since when.

`python bench/late.py`: 40 trainings of 1,000 steps in which one thing goes wrong at a step drawn
from 30 to 900, and 40 twins in which nothing does.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

import stetho
from digits import NETWORKS, OPTIMIZERS, train
from stetho.record import Finding, Severity

STEPS = 1000
KINDS = ("bias", "rate", "frozen", "constant", "labels")
NEAR = 0.1  # share of the step by which an onset may be off


@dataclass(frozen=True)
class Case:
    kind: str  # one of KINDS, or "" for a healthy twin
    network: str
    optimizer: str
    step: int
    seed: int


def cases(count: int) -> list[Case]:
    generator = torch.Generator().manual_seed(11)
    return [
        Case(
            kind=KINDS[index % len(KINDS)],
            network=list(NETWORKS)[index // 5 % 3],
            optimizer=list(OPTIMIZERS)[index // 15 % 3],
            step=int(torch.randint(30, 900, (), generator=generator)),
            seed=index,
        )
        for index in range(count)
    ]


def train_case(case: Case) -> stetho.Result:
    return train(case.network, case.optimizer, case.seed, STEPS, partial(plant, case))


def plant(
    case: Case, step: int, x: Tensor, y: Tensor, net: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[Tensor, Tensor]:
    if step >= case.step:
        x, y = spoil(case, x, y)
    if step == case.step:
        break_network(case, net, optimizer)
    return x, y


def spoil(case: Case, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    if case.kind == "constant":
        return torch.full_like(x, 0.5), y
    if case.kind == "labels":
        return x, y[torch.randperm(len(y))]
    return x, y


def break_network(case: Case, net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    layers = [part for part in net.modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
    if case.kind == "bias":  # of what stands before the first function
        before = next((part for part in net.modules() if isinstance(part, nn.LayerNorm)), layers[0])
        with torch.no_grad():
            before.bias -= 30
    if case.kind == "rate":
        optimizer.param_groups[0]["lr"] *= 300
    if case.kind == "frozen":
        layers[0].register_forward_hook(lambda layer, given, output: output.detach())


def found_in(result: stetho.Result) -> dict[str, Finding]:
    """The gravest finding of each rule."""
    return {one.rule: one for one in reversed(result.diagnosis.findings)}


def judge(case: Case, result: stetho.Result, twin: stetho.Result) -> dict[str, object]:
    """What is found in the faulty training and not in its twin, and since when."""
    usual = found_in(twin)
    new = {rule: one for rule, one in found_in(result).items() if rule not in usual}
    onsets = {rule: one.onset or (one.first_step or 0,) * 2 for rule, one in new.items()}
    low, high = (1 - NEAR) * case.step, (1 + NEAR) * case.step
    right = [rule for rule, (begin, end) in onsets.items() if begin <= high and end >= low]
    return {
        "case": str(case),
        "kind": case.kind,
        "noticed": bool(new),
        "alarmed": any(one.severity >= Severity.WARNING for one in new.values()),
        "onset": bool(right),
        "found": {rule: list(onset) for rule, onset in onsets.items()},
        "verdict": result.diagnosis.verdict,
        "twin": sorted(rule for rule, one in usual.items() if one.severity >= Severity.WARNING),
    }


def counted(rows: list[dict[str, object]]) -> str:
    noticed, alarmed, onset = (
        sum(bool(row[key]) for row in rows) for key in ("noticed", "alarmed", "onset")
    )
    return (
        f"noticed {noticed} of {len(rows)} ({noticed - alarmed} by a note alone), onset within "
        f"{NEAR:.0%}: {onset}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", help="where the rows go")
    parser.add_argument("--count", type=int, default=40, help="how many")
    chosen = parser.parse_args()
    rows = []
    for case in cases(chosen.count):
        rows.append(judge(case, train_case(case), train_case(replace(case, kind=""))))
        row = rows[-1]
        print(row["case"], "noticed" if row["noticed"] else "MISSED", row["onset"], row["found"])
        print("   ", row["verdict"][:150], row["twin"], flush=True)
    for kind in KINDS:
        some = [row for row in rows if row["kind"] == kind]
        print(f"{kind}: {counted(some)}")
    print(f"all: {counted(rows)}")
    print(f"healthy twins with an alarm: {sum(bool(row['twin']) for row in rows)}")
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
