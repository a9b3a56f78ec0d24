"""D2: the article's randomised leaky ReLU against the paper's and PyTorch's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.activations import Activation
from stetho.activations.modules import build
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import exact, mean
from stetho.article.networks import mlp
from stetho.article.training import sgd, train
from stetho.record import NAN, Measure, Picture, Series

PAPER, TORCH = "rrelu_paper", "rrelu"
DRAWS = 20_000  # slopes a seed
SAME = 0.1  # parts of a number by which a form may differ from the paper's
NONE = 0.01  # share of outputs with another sign
WORSE = 0.02  # accuracy
DEPTH, WIDTH, STEPS = 4, 64, 120


@dataclass(frozen=True)
class RandomisedForms(AbstractClaim):
    """Three functions go by one name. The article draws the slope below zero from a normal
    distribution of mean 0 and deviation 1, the paper that it cites (Xu et al. 2015) divides by a
    number from U(3, 8) and by 5.5 in evaluation, PyTorch multiplies by one from U(1/8, 1/3) and by
    11/48 in evaluation. Each gets 20,000 negative inputs a seed, from which its slopes are read.
    Then a network with 4 hidden layers of 64 units (He's weights) learns scikit-learn's digits with
    each of them (learning rate 0.05, batches of 64, 120 steps); networks of one seed share weights
    and batches, and are evaluated in evaluation mode and in training mode, where slopes are
    drawn."""

    id: ClassVar[str] = "D2"
    title: ClassVar[str] = "Three randomised leaky ReLUs"
    says: ClassVar[str] = (
        "Randomised leaky ReLU, as the cited paper has it, draws its slope below zero from a "
        "normal distribution with mean 0 and deviation 1."
    )
    criterion: ClassVar[str] = (
        f"The slope of the article's form is the paper's to {SAME:.0%}, in the mean and in the "
        f"mean square over draws and in evaluation. It turns the sign of at most {NONE:.0%} of "
        "negative inputs, and its output has the same mean square in training as in evaluation "
        f"to {SAME:.0%}. A network is at most {WORSE:g} less accurate with it than with the "
        "paper's."
    )
    take_away: ClassVar[str] = (
        "Say which form you mean. The paper's and PyTorch's are near to each other, and neither "
        "is a normal draw: half of such slopes are negative, and the network is evaluated as a "
        "ReLU that it was not trained as."
    )

    function: str = "rrelu_article"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(10, 5)
        forms = {name: Form(activations.get(name)) for name in (self.function, PAPER, TORCH)}
        slopes = {name: [form.slopes(seed) for seed in seeds] for name, form in forms.items()}
        trained = {name: [_accuracies(name, seed) for seed in seeds] for name in forms}
        asked = self._compared(forms, slopes, trained)
        read = [row for name, form in forms.items() for row in form.rows(slopes[name])]
        for name, ones in trained.items():
            still, drawn = zip(*ones)
            read.append(mean(f"accuracy in evaluation, {name}", still, unit="%"))
            read.append(mean(f"accuracy with slopes drawn, {name}", drawn, unit="%"))
        return Measured((*asked, *read), (_histograms(slopes),), seeds)

    def _compared(
        self,
        forms: dict[str, Form],
        slopes: dict[str, list[Tensor]],
        trained: dict[str, list[tuple[float, float]]],
    ) -> list[Measure]:
        """What the criterion asks: the claimed form beside the paper's."""
        ours, paper = forms[self.function], forms[PAPER]
        drawn = slopes[self.function]
        first, second = paper.record.draw_moments or (NAN, NAN)
        pairs = zip(trained[self.function], trained[PAPER])
        return [
            _ratio("mean slope over the paper's", [float(s.mean()) for s in drawn], first),
            _ratio(
                "mean square slope over the paper's",
                [float(s.square().mean()) for s in drawn],
                second,
            ),
            exact(
                "slope in evaluation over the paper's",
                ours.evaluated / paper.evaluated,
                at_least=1 - SAME,
                at_most=1 + SAME,
                unit="×",
            ),
            mean(
                "negative inputs that come out positive",
                [float((s < 0).double().mean()) for s in drawn],
                at_most=NONE,
                unit="%",
            ),
            mean(
                "mean square of the output, training over evaluation",
                [(1 + float(s.square().mean())) / (1 + ours.evaluated**2) for s in drawn],
                at_least=1 - SAME,
                at_most=1 + SAME,
                expected=ours.mean_square_ratio,
                unit="×",
            ),
            mean(
                "accuracy, less that with the paper's form",
                [ones[0] - others[0] for ones, others in pairs],
                at_least=-WORSE,
            ),
        ]

    @classmethod
    def sabotaged(cls) -> RandomisedForms:
        return cls(function="rrelu_article:mean=-1.0")  # the size of z, on average


@dataclass(frozen=True)
class Form:
    """One form, and what is exact of it."""

    record: Activation

    @property
    def evaluated(self) -> float:
        """The slope below zero in evaluation."""
        return float(self.record.slope(torch.tensor(-1.0, dtype=torch.float64)))

    @property
    def mean_square_ratio(self) -> float:
        """E φ² in training over that in evaluation, for z as often below zero as above it."""
        _, second = self.record.draw_moments or (NAN, NAN)
        return (1 + second) / (1 + self.evaluated**2)

    def slopes(self, seed: int) -> Tensor:
        """Slopes as the module draws them in training."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            drawn: Tensor = build(self.record).train()(-torch.ones(DRAWS))
        return -drawn.detach()

    def rows(self, slopes: list[Tensor]) -> list[Measure]:
        name, (first, second) = self.record.label, self.record.draw_moments or (NAN, NAN)
        squares = [float(s.square().mean()) for s in slopes]
        return [
            mean(f"mean slope, {name}", [float(s.mean()) for s in slopes], expected=first),
            mean(f"mean square slope, {name}", squares, expected=second),
            exact(f"slope in evaluation, {name}", self.evaluated, expected=first),
        ]


def _ratio(what: str, values: list[float], paper: float) -> Measure:
    return mean(
        what,
        [value / paper for value in values],
        at_least=1 - SAME,
        at_most=1 + SAME,
        unit="×",
    )


def _accuracies(function: str, seed: int) -> tuple[float, float]:
    """On the test part: in evaluation mode, and with slopes drawn as in training."""
    split = data.load(seed=seed)
    model = mlp(function, DEPTH, WIDTH, seed=seed, init="he")
    still = train(model, split, steps=STEPS, optimizer=sgd(0.05), seed=seed).accuracy
    return still, _drawn_accuracy(model, split.x_test, split.y_test, seed)


def _drawn_accuracy(model: nn.Module, x: Tensor, y: Tensor, seed: int) -> float:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        return float((model.train()(x).argmax(1) == y).float().mean())


def _histograms(slopes: dict[str, list[Tensor]]) -> Picture:
    edges = torch.linspace(-2, 2, 81)
    middles = tuple(((edges[1:] + edges[:-1]) / 2).tolist())
    width = float(edges[1] - edges[0])
    return Picture(
        title="Slopes that three forms draw",
        caption="The paper's and PyTorch's slopes are small and positive; the article's lie "
        "around zero.",
        x="slope below zero",
        y="density",
        series=tuple(
            Series(
                name,
                middles,
                tuple((torch.histc(ones[0], 80, -2, 2) / (width * len(ones[0]))).tolist()),
            )
            for name, ones in slopes.items()
        ),
    )
