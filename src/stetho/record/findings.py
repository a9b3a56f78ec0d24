"""What was found in a run, and what theory predicts of one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

NAN = math.nan


class Severity(IntEnum):
    """How much a finding matters: by its consequence for the training, not by its size."""

    NOTE = 1
    WARNING = 2
    FAULT = 3

    @property
    def word(self) -> str:
        """The severity in small letters, as the command line and the JSON form spell it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A measured value and the limit it is held against (`nan`: no limit, shown for reading)."""

    value: float
    limit: float = NAN
    unit: str = ""  # "", "%", "×", "step" …: how to print the value


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedSite:
    """What theory says of one site before any training, to lay beside what was measured."""

    name: str
    function: str
    z_std: float
    z_band: tuple[float, float]  # 95 %, for networks of this width
    slope_factor: float
    grad_rms: float  # ∂L/∂z per element
    grad_band: tuple[float, float]
    valid: bool  # the bands are to be trusted
    why: str = ""  # why not


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What theory says of a model before any training."""

    sites: tuple[PredictedSite, ...]
    depth_scale: float = NAN  # layers, of a plain network with this one's variances
    trainable_depth: float = NAN
    unmodelled: tuple[str, ...] = ()  # operations that were measured in place of modelled
    relative: bool = False  # no loss was seen: gradients are relative to that at the output


NOT_LEARNING = "not-learning"  # the rule whose finding the others explain
# The only names that a cause may have.
CAUSES = (
    "slope",
    "weights",
    "bias",
    "learning-rate",
    "input",
    "function",
    "depth",
    "normalisation",
    "frozen",
    "loss",
    "labels",
    "weight-decay",
    "zero-grad",
    "operation",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What helps, and what it is expected to do."""

    do: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Symptom, evidence, cause and remedies."""

    rule: str
    severity: Severity
    message: str  # one sentence with its numbers
    sites: tuple[str, ...] = ()  # names of sites, layers or parameters
    first_step: int | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    cause: Mapping[str, float] = field(default_factory=dict)  # shares, sum 1
    remedies: tuple[Remedy, ...] = ()
    onset: tuple[int, int] | None = None  # probed steps between which it began; equal: at the start


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `stetho run` says in the end."""

    verdict: str
    findings: tuple[Finding, ...] = ()  # gravest first
    learning: str = "unknown"  # "learns", "slow", "stuck", "diverged", "too-short", "unknown"
    grade: str = ""  # of the cause: "known", "likely", "unexplained"; "": nothing needs one
    experiment: str = ""  # the two likely causes, and the one change that tells them apart

    @property
    def worst(self) -> Severity | None:
        """The highest severity of all findings; None if there are none."""
        return max((finding.severity for finding in self.findings), default=None)
