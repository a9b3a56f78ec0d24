"""What a race is asked to do, as values that travel as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stetho.errors import UsageError
from stetho.trials.recipe import INITS, parse
from stetho.trials.trial import Script

# The article's order: ReLU first, then leaky or ELU, then what learns or draws its slope; and the
# two that most Transformers have.
DEFAULT_CANDIDATES = ("relu", "leaky_relu", "elu", "prelu", "rrelu", "gelu", "silu")
TRAINING = "training-loss"
HELDOUT = "heldout-loss"
LOWER = ("loss", "err", "mae", "mse", "rmse", "perplexity", "ppl", "nll", "bpc", "cer", "wer")


@dataclass(frozen=True, slots=True)
class Settings:
    """The race as it was asked for."""

    script: Script
    candidates: tuple[str, ...] = DEFAULT_CANDIDATES
    replace: str | None = None  # function to replace; None: that of most hidden sites
    sites: tuple[str, ...] = ()  # patterns of the sites to replace; (): all hidden ones
    steps: int | None = None  # of a trial of the last rung; None: found out
    pairs: int = 6  # of the last rung, at least
    budget: float = 600.0  # seconds
    lr_grid: tuple[float, ...] = (1.0,)  # factors on the script's learning rate
    init: str = "auto"
    metric: str = ""  # "": what the script logs, or else the training loss
    memory: int | None = None  # bytes by which a trial may grow

    def __post_init__(self) -> None:
        for name in self.candidates:
            parse(name)
        _expect(bool(self.candidates), "one candidate or more", "none")
        _expect(
            self.init in ("auto", *INITS), f"--init as auto, {', '.join(INITS)}", repr(self.init)
        )
        _expect(self.pairs >= 6, "--pairs of 6 or more (fewer can show nothing)", self.pairs)
        _expect(self.steps is None or self.steps >= 10, "--steps of 10 or more", self.steps)
        _expect(self.budget > 0, "a --budget above 0", self.budget)
        _expect(
            all(f > 0 for f in self.lr_grid) and bool(self.lr_grid), "factors above 0", self.lr_grid
        )


def _expect(fair: bool, what: str, got: Any) -> None:
    if not fair:
        raise UsageError(f"expected {what}, got {got}; see stetho choose --help")


def settings_of(row: Mapping[str, Any]) -> Settings:
    """From what `asdict` gave, by way of JSON."""
    script = Script(**{**row["script"], "arguments": tuple(row["script"]["arguments"])})
    plain: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return Settings(**{**plain, "script": script})


def lower_is_better(metric: str) -> bool:
    """Whether a metric of this name is better when it is lower: losses and errors are."""
    words = metric.lower().replace("-", "_").split("_")
    return any(word.startswith(LOWER) for word in words)
