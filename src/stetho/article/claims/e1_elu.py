"""E1: ELU's outputs have a mean near zero, and it saturates on the negative side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

import torch

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.estimates import exact, geometric_mean, mean
from stetho.article.networks import mlp
from stetho.article.training import sgd, train
from stetho.record import Picture, Probe, Series
from stetho.theory import moments

DEPTH, WIDTH, STEPS = 3, 64, 101
FAR = -20.0  # where the negative side is looked at
NONE = 1e-6  # as good as none
ROUNDING = 1e-12  # in double precision
LESS = 0.5  # mean² / mean square, over that with ReLU
READ = ("leaky_relu", "gelu", "tanh")


@dataclass(frozen=True)
class ELUCentred(AbstractClaim):
    """The function and its slope by autograd, in double precision, at 4,001 points from z = -20 to
    20. Then networks with 3 hidden layers of 64 units, weights by He's rule, learn scikit-learn's
    digits, one with ELU and one with ReLU from the same draws. How far off zero are the
    activations, mean² / mean square, averaged over the hidden layers, before training and after 100
    steps?"""

    id: ClassVar[str] = "E1"
    title: ClassVar[str] = "ELU: centred and saturating"
    says: ClassVar[str] = (
        "ELU gives outputs near zero mean and still saturates on the negative side: x above zero, "
        "α(eˣ - 1) below, with slopes 1 and αeˣ, tending to -α."
    )
    criterion: ClassVar[str] = (
        f"At z = {FAR:g} it is -α and its slope 0, to {NONE:g}; its slope is 1 above zero and αeˣ "
        f"below, to {ROUNDING:g}; and its activations are at most {LESS:g} times as far off zero "
        "as ReLU's (mean² / mean square), at the start and at the end of a training."
    )
    take_away: ClassVar[str] = (
        "ELU's activations are nearer to zero than ReLU's and leaky ReLU's, but not centred: only "
        "an odd function such as tanh, or a normalisation, does that. It does saturate; a unit far "
        "below zero passes on next to nothing, but never exactly nothing."
    )

    function: str = "elu"
    alpha: float = 1.0

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(10, 3)
        names = (self.function, "relu", *(() if setting.quick else READ))
        off = {name: [_off_centre(name, seed) for seed in seeds] for name in names}
        relu = off["relu"]
        start, end = (
            [one[when] / other[when] for one, other in zip(off[self.function], relu)]
            for when in (0, 1)
        )
        theory = _off_by_theory(self.function) / _off_by_theory("relu")
        return Measured(
            (
                exact(f"distance from -α at z = {FAR:g}", self._distance(), at_most=NONE),
                exact(f"slope at z = {FAR:g}", self._slope_far_below(), at_most=NONE),
                exact(
                    "largest difference of its slope from 1 and αeˣ",
                    self._difference(),
                    at_most=ROUNDING,
                ),
                geometric_mean(
                    "mean² / mean square over ReLU's, at the start",
                    start,
                    at_most=LESS,
                    expected=theory,
                ),
                geometric_mean("mean² / mean square over ReLU's, at the end", end, at_most=LESS),
                *(
                    mean(f"{name}: mean² / mean square, at the end", [one[1] for one in off[name]])
                    for name in names
                ),
            ),
            (self._function_drawn(), _off_drawn(off)),
            seeds,
        )

    def _distance(self) -> float:
        far = torch.tensor(FAR, dtype=torch.float64)
        return abs(float(activations.get(self.function).phi(far)) + self.alpha)

    def _slope_far_below(self) -> float:
        far = torch.tensor(FAR, dtype=torch.float64)
        return abs(float(activations.get(self.function).slope(far)))

    def _difference(self) -> float:
        """Between autograd's slope and the formula; at 0 itself, the kink of other α, nothing."""
        z = torch.linspace(FAR, -FAR, 4_001, dtype=torch.float64)
        z = z[z != 0].requires_grad_()
        (slope,) = torch.autograd.grad(activations.get(self.function).phi(z).sum(), z)
        z = z.detach()
        formula = torch.where(z > 0, torch.ones_like(z), self.alpha * z.clamp(max=0).exp())
        return float((slope - formula).abs().max())

    def _function_drawn(self) -> Picture:
        record, relu = activations.get(self.function), activations.get("relu")
        z = torch.linspace(-5, 3, 81)
        shown = tuple(z.tolist())
        return Picture(
            title="ELU and its slope",
            caption="Below zero it comes to rest at -α, slope and all; ReLU beside it.",
            x="pre-activation z",
            y="value",
            series=(
                Series("φ(z)", shown, tuple(record.phi(z).tolist())),
                Series("slope φ'(z)", shown, tuple(record.slope(z).tolist())),
                Series("ReLU", shown, tuple(relu.phi(z).tolist())),
            ),
        )

    @classmethod
    def sabotaged(cls) -> ELUCentred:
        return cls(function="leaky_relu")  # neither saturates nor is near zero


def _off_centre(name: str, seed: int) -> tuple[float, float]:
    """How far off zero the activations are: in the first step and in the last."""
    model = mlp(name, DEPTH, WIDTH, seed=seed, init="he")
    split = data.load(seed=seed)
    trained = train(model, split, steps=STEPS, optimizer=sgd(0.05, 0.9), seed=seed, every=STEPS - 1)
    assert trained.result is not None, "this training was watched"
    probes = trained.result.run.probes
    return _off(probes[0]), _off(probes[-1])


def _off(probe: Probe) -> float:
    """mean² / mean square of the activations, mean over the sites."""
    return fmean(site.a_mean**2 / (site.a_mean**2 + site.a_std**2) for site in probe.sites.values())


def _off_by_theory(name: str) -> float:
    """Of a standard normal pre-activation."""
    normal = moments(activations.get(name))
    return normal.mean**2 / normal.second


def _off_drawn(off: Mapping[str, Sequence[tuple[float, float]]]) -> Picture:
    names = tuple(off)
    by_seed = [list(zip(*([one[when] for one in off[name]] for name in names))) for when in (0, 1)]
    return Picture(
        title="How far off zero the activations are",
        caption="0: centred; 1: a constant. The mean over the hidden layers. Band: all seeds.",
        x="function",
        y="mean² / mean square of the activations",
        series=(
            over_seeds("at the start", range(len(names)), by_seed[0], points=True),
            over_seeds("at the end", range(len(names)), by_seed[1], points=True),
        ),
        ticks=names,
    )
