"""`unscaled-input`: the data has a large offset or an unsuitable scale."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, log
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, LayerStats, Probe, Remedy, Run, Severity


class UnscaledInput(AbstractRule):
    """Is the data centred and of unit scale?

    Looks at: the input of each layer that reads data. Three values are measured: the root mean
    square of all elements, the features' means relative to their standard deviations, and the ratio
    of large to small standard deviations among the features (95 % and 5 % quantiles, without
    constant features).

    Can look like it: images in 0 … 1, which are off centre and small but train well, and sparse
    features, which have small standard deviations. Both stay within the limits.

    What helps: subtract each feature's mean and divide by its standard deviation (both from the
    training data).
    """

    name: ClassVar[str] = "unscaled-input"
    rank: ClassVar[int] = 12
    limits: ClassVar[dict[str, Limit]] = {
        "large": Limit(
            5.0,
            "root mean square of the data",
            "Five times unit scale: with LeCun's initialisation, z then lies at ±5, where tanh "
            "and sigmoid are saturated",
        ),
        "small": Limit(
            0.02,
            "root mean square of the data",
            "One fiftieth of unit scale: less than audio, or images in 0 … 1, have",
        ),
        "offset": Limit(
            5.0,
            "size of the features' means relative to their standard deviations",
            "The mean then contributes 25 times as much as the variance to the curvature of the "
            "loss (LeCun et al. 1998); images in 0 … 1 have about 1 to 2",
        ),
        "spread": Limit(
            100.0,
            "ratio of large to small standard deviations among features, unless the data is small",
            "No learning rate suits both: the curvatures differ by the square, 1e4",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for layer in view.run.layers:
            stats = self._now(view, layer)
            if layer.reads_data and stats is not None:
                troubles = self._troubles(stats)
                if troubles:
                    yield self._finding(view, layer, stats, troubles)

    @staticmethod
    def _now(view: RunView, layer: Layer) -> LayerStats | None:
        fields = LayerStats.__dataclass_fields__
        values = {name: view.layer_now(layer.name, name) for name in fields}
        return LayerStats(**values) if values["x_rms"] == values["x_rms"] else None

    def _troubles(self, stats: LayerStats) -> dict[str, Evidence]:
        """Return the measurements outside of their limits."""
        found = {}
        if stats.x_rms > self.limit("large"):
            found["root mean square"] = Evidence(stats.x_rms, self.limit("large"))
        elif stats.x_rms < self.limit("small"):
            found["root mean square"] = Evidence(stats.x_rms, self.limit("small"))
        if stats.feature_offset > self.limit("offset"):
            found["means against deviations"] = Evidence(
                stats.feature_offset, self.limit("offset"), "×"
            )
        ratio = stats.feature_std_high / stats.feature_std_low if stats.feature_std_low > 0 else 0.0
        if ratio > self.limit("spread") and stats.feature_std_high > 1:
            found["large against small deviations"] = Evidence(ratio, self.limit("spread"), "×")
        return found

    def _finding(
        self, view: RunView, layer: Layer, stats: LayerStats, troubles: dict[str, Evidence]
    ) -> Finding:
        worst = max(
            (abs(_log_ratio(evidence)) for evidence in troubles.values()),
        )

        def stands(probe: Probe) -> bool:
            there = probe.layers.get(layer.name)
            return there is not None and bool(self._troubles(there))

        parts = [f"{name} {number(evidence.value)}" for name, evidence in troubles.items()]
        severity = view.severity(worst > 1)
        if view.learning.status == "learns":
            severity = Severity.NOTE
        constant = stats.constant_features
        if constant > 0:
            troubles = {**troubles, "constant features": Evidence(constant, unit="%")}
        return Finding(
            rule=self.name,
            severity=severity,
            message=f"The input data of layer {layer.name} is not scaled: {', '.join(parts)}"
            + (f"; {percent(constant)} of its features never change." if constant > 0 else "."),
            sites=(layer.name,),
            first_step=view.since(stands),
            evidence=troubles,
            cause={"input": 1.0},
            remedies=(
                Remedy(
                    "subtract each feature's mean and divide by its standard deviation, both "
                    "from the training data",
                    "root mean square 1 and mean 0, so z starts at unit scale",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        data = {"x_rms": 300.0, "feature_std_low": 0.1, "feature_std_high": 400.0}
        return chain(3, losses=STUCK, data=data)

    @classmethod
    def absent(cls) -> Run:
        data = {"x_mean": 0.3, "x_rms": 0.5, "feature_offset": 1.2}
        return chain(3, losses=LEARNS, data=data)


def _log_ratio(evidence: Evidence) -> float:
    """Return the ratio to the limit, as a natural logarithm."""
    return log(evidence.value / evidence.limit) if evidence.value > 0 else -inf
