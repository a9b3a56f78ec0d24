"""B1: the slope of the sigmoid goes to 0 at both ends, and is at most 1/4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from stetho import activations
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import exact
from stetho.record import Picture, Series

FAR = 20.0  # where an end is looked at
NONE = 1e-6  # a slope that is as good as none


@dataclass(frozen=True)
class SigmoidSlope(AbstractClaim):
    """The slope φ' in closed form, in double precision, at z = -20 and 20 and at 4,001 points
    between. Nothing is drawn at random."""

    id: ClassVar[str] = "B1"
    title: ClassVar[str] = "The sigmoid's slope"
    says: ClassVar[str] = (
        "The slope of the sigmoid goes to 0 where its input is very low or very high; its range "
        "is 0 to 1."
    )
    criterion: ClassVar[str] = (
        f"The slope is at most {NONE:g} at z = -{FAR:g} and at z = {FAR:g}; and its greatest value "
        "is 1, to one part in 100, as the article's range says."
    )
    take_away: ClassVar[str] = (
        "Even at its best place, z = 0, a sigmoid passes on only a quarter of the gradient: the "
        "true range is 0 to 1/4. That is why a deep stack of them fails before any unit saturates."
    )

    function: str = "sigmoid"

    def measure(self, setting: Setting) -> Measured:
        record = activations.get(self.function)
        z = torch.linspace(-FAR, FAR, 4_001, dtype=torch.float64)
        slope = record.slope(z)
        middle = z.abs() <= 8
        shown = tuple(z[middle].tolist()[::10])
        return Measured(
            (
                exact(f"slope at z = -{FAR:g}", float(slope[0].abs()), at_most=NONE),
                exact(f"slope at z = {FAR:g}", float(slope[-1].abs()), at_most=NONE),
                exact(
                    "greatest slope",
                    float(slope.max()),
                    at_least=0.99,
                    at_most=1.01,
                    expected=record.facts.slope_supremum,
                ),
            ),
            (
                Picture(
                    title="The sigmoid and its slope",
                    caption="The slope is highest at 0, where it is 1/4, and next to nothing at "
                    "both ends.",
                    x="pre-activation z",
                    y="value",
                    series=(
                        Series("φ(z)", shown, tuple(record.phi(z)[middle].tolist()[::10])),
                        Series("slope φ'(z)", shown, tuple(slope[middle].tolist()[::10])),
                    ),
                ),
            ),
        )

    @classmethod
    def sabotaged(cls) -> SigmoidSlope:
        return cls(function="leaky_relu:negative_slope=2.0")  # slopes 2 and 1, 2 at most
