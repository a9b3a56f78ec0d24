"""YOLO: a Darknet-style detector with Leaky ReLU learns to detect, and stetho finds nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from stetho.api import Result, watch
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import by_step, over_seeds
from stetho.article.detection import Scenes, detect, detector, loss, scenes
from stetho.article.estimates import exact, mean
from stetho.record import Picture

STEPS, QUICK_STEPS, BATCH, RATE = 160, 120, 32, 5e-3
TRAINED, TESTED = 400, 80  # pictures
DETECTS = 0.5  # F1 score
NOTHING = 0  # most severe finding; 1: a note, 2: a warning, 3: a fault
SITES = 7  # blocks, each with one function
COMPARED = {"ReLU": "relu", "SiLU": "silu"}


@dataclass(frozen=True)
class Trained:
    """A detector that was trained, as stetho watched it."""

    losses: list[float]
    score: float  # F1 on test pictures
    chance: float  # the same detections held against other pictures
    result: Result

    @property
    def gravest(self) -> int:
        """0: no finding; 1: a note; 2: a warning; 3: a fault."""
        worst = self.result.diagnosis.worst
        return 0 if worst is None else int(worst)

    @property
    def dead(self) -> list[float]:
        """Share of dead units, by site, at the end."""
        run = self.result.run
        return [run.probes[-1].sites[site.name].dead for site in run.sites]


@dataclass(frozen=True)
class YoloDetector(AbstractClaim):
    """A small detector in the manner of Darknet: seven blocks of convolution, batch normalisation
    and Leaky ReLU with slope 0.1, two skip connections, and a head that gives box, objectness and
    class for each of 36 cells. It learns to find scikit-learn's digits, two on a picture of 24 by
    24 pixels, drawn with 8 to 12 pixels anywhere in two of its quarters (Adam, rate 0.005, batches
    of 32, 160 steps; with --quick 120). A detection is right if the box overlaps by half and the
    class is right. Chance: the same detections held against another picture. Stetho watches as it
    watches any other training."""

    id: ClassVar[str] = "YOLO"
    title: ClassVar[str] = "YOLO's detector with Leaky ReLU"
    says: ClassVar[str] = (
        "YOLO's detector has Leaky ReLU between its layers: a large network in real use works well "
        "with it."
    )
    criterion: ClassVar[str] = (
        f"The detector's F1 score on test pictures is at least {DETECTS:g}; stetho finds nothing, "
        "not even a note, in any of the trainings; and not one unit is dead at the end."
    )
    take_away: ClassVar[str] = (
        "Leaky ReLU with a slope of 0.1 is a sound choice in a detector: no unit dies and the "
        "training is healthy. With batch normalisation in each block ReLU and SiLU do about as "
        "well; take it for safety, not for accuracy."
    )

    function: str = "leaky_relu:negative_slope=0.1"
    shift: float = 0.0  # added to all units before the function

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(3, 3)
        steps = QUICK_STEPS if setting.quick else STEPS
        others = {} if setting.quick else COMPARED
        parts = [_parts(seed) for seed in seeds]
        ours = [
            _trained(self._detector(seed), *part, steps, seed) for seed, part in zip(seeds, parts)
        ]
        compared = {
            title: [
                _trained(detector(name, seed), *part, steps, seed)
                for seed, part in zip(seeds, parts)
            ]
            for title, name in others.items()
        }
        return Measured(
            (
                mean("F1 score", [one.score for one in ours], at_least=DETECTS),
                exact(
                    "most severe finding of all trainings",
                    max(one.gravest for one in ours),
                    at_most=NOTHING,
                ),
                exact(
                    "dead units, in the site that has most of them",
                    max(share for one in ours for share in one.dead),
                    at_most=0.0,
                    unit="%",
                ),
                mean("F1 score by chance", [one.chance for one in ours]),
                mean(
                    "sites that stetho sees",
                    [float(len(one.result.run.sites)) for one in ours],
                    expected=SITES,
                ),
                *(
                    mean(
                        f"F1 score with {title}, less that of the detector",
                        [other.score - one.score for other, one in zip(those, ours)],
                    )
                    for title, those in compared.items()
                ),
            ),
            _drawn({"Leaky ReLU 0.1": ours, **compared}),
            seeds,
        )

    def _detector(self, seed: int) -> nn.Sequential:
        model = detector(self.function, seed)
        with torch.no_grad():
            for part in model.modules():
                if isinstance(part, nn.BatchNorm2d):
                    part.bias.add_(self.shift)
        return model

    @classmethod
    def sabotaged(cls) -> YoloDetector:
        return cls(function="relu", shift=-20.0)  # below zero for whatever comes


def _parts(seed: int) -> tuple[Scenes, Scenes]:
    """Pictures for the training and for the test, of different digits."""
    digits = data.pixels(seed)
    return (
        scenes(digits.x, digits.y, TRAINED, seed),
        scenes(digits.x_test, digits.y_test, TESTED, seed),
    )


def _trained(model: nn.Sequential, train: Scenes, test: Scenes, steps: int, seed: int) -> Trained:
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    draw = torch.Generator().manual_seed(seed)
    losses = []
    with watch(model, optimizer, every=steps // 3) as watched:
        for _ in range(steps):
            rows = torch.randint(TRAINED, (BATCH,), generator=draw)
            batch = Scenes(train.pictures[rows], train.boxes[rows], train.labels[rows])
            optimizer.zero_grad()
            value = loss(model(batch.pictures), batch)
            value.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(float(value.detach()))
    with torch.no_grad():
        output = model.eval()(test.pictures)
    return Trained(
        losses, detect(output, test).f1, detect(output.roll(1, 0), test).f1, watched.result
    )


def _drawn(trained: Mapping[str, Sequence[Trained]]) -> tuple[Picture, ...]:
    sites = range(1, SITES + 1)
    ours = next(iter(trained.values()))
    return (
        Picture(
            title="The detector learns",
            caption="Box, objectness and class together. Band: all seeds.",
            x="training step",
            y="loss",
            series=tuple(
                by_step(title, [one.losses for one in ones]) for title, ones in trained.items()
            ),
            log_y=True,
        ),
        Picture(
            title="The gradient through the detector",
            caption="From the first block (left) to the last, at the end of the training. Band: "
            "all seeds.",
            x="block",
            y="rms of ∂L/∂z",
            series=(over_seeds("Leaky ReLU 0.1", sites, [_gradients(one.result) for one in ours]),),
            log_y=True,
        ),
    )


def _gradients(result: Result) -> list[float]:
    return [result.run.probes[-1].sites[site.name].down_rms for site in result.run.sites]
