"""What a race of activation functions has shown, and which one to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stetho.record.runs import NAN


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """One row of a choice. Scores as they are; a difference is to the incumbent, in pairs."""

    name: str  # the recipe as it was asked for
    status: str  # "done", "eliminated", "dropped", "refused", "diverged", "raised", "killed",
    #               "out-of-memory", "timed-out"
    why: str = ""  # of a status, or what the diagnosis says of a candidate that lost
    incumbent: bool = False
    init: str = "keep"  # how its weights were set; `keep`: as the author has them
    lr: float = 1.0  # factor on the script's learning rate
    score: float = NAN  # mean over its pairs
    difference: float = NAN  # mean of score − incumbent's score, pair by pair
    interval: tuple[float, float] = (NAN, NAN)  # of the difference, 95 %
    p: float = NAN  # two-sided sign-flip test of the difference, Holm-corrected
    pairs: int = 0
    steps: int = 0  # of each of its trials
    step_cost: float = NAN  # time of a step, in the incumbent's
    memory: float = NAN  # bytes by which a trial grew, in the incumbent's
    heldout: float = NAN  # last loss without gradients, where the script computes one; mean
    training: float = NAN  # last training loss; mean
    curve: tuple[tuple[float, float, float], ...] = ()  # loss by equal stretches of the steps:
    #                                                     (mean, lowest, highest) over the pairs
    diverged: int = 0  # how many of its trials did


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What `stetho choose` says."""

    command: str
    winner: str
    tie: bool  # others are as good as the winner, as far as these trials tell
    score: str  # what was compared: "training-loss", "heldout-loss" or the name of a metric
    lower_is_better: bool
    incumbent: str
    candidates: tuple[CandidateResult, ...]  # best first
    tied: tuple[str, ...] = ()  # names, the winner's among them
    scored: str = ""  # what the score is, in words
    verdict: str = ""  # a sentence or two
    advice: tuple[str, ...] = ()  # sentences, in the article's order
    notes: tuple[str, ...] = ()  # what was left as it was, what was set, what is not known
    steps: int = 0  # training steps that all trials took
    full_grid_steps: int = 0  # of all candidates at full length with 12 seeds each
    paired_gain: float = NAN  # variance of unpaired differences / of paired ones, median
    seconds: float = 0.0
    complete: bool = True  # False: cut short, by the budget or by hand
    created: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    diverged_score: float = NAN  # that a trial counts as whose loss was not a number any more
