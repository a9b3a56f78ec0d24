"""How sure a diagnosis is of its cause, and what would make it surer."""

from __future__ import annotations

from collections.abc import Sequence

from stetho.diagnose.elsewhere import leading
from stetho.diagnose.phrases import percent
from stetho.diagnose.view import PATIENCE, RunView
from stetho.record import Finding, Severity

KNOWN, LIKELY, UNEXPLAINED = "known", "likely", "unexplained"
CLEAR = 0.7  # share of the blame from which one cause stands alone
# One change that takes a cause away and leaves the others: what to try, to tell causes apart.
TRIALS = {
    "slope": "use ReLU or ELU in the hidden sites",
    "function": "use ReLU or ELU in the hidden sites",
    "weights": "re-initialise the weights with stetho.init_",
    "bias": "set the biases to 0 at the start",
    "learning-rate": "divide the learning rate by 10",
    "input": "scale the input to mean 0 and standard deviation 1",
    "depth": "remove half of the hidden layers",
    "normalisation": "remove the normalisation",
    "weight-decay": "set the weight decay to 0",
    "labels": "train on 32 samples alone: right and wrong labels alike can be learned by heart",
}


def grade(view: RunView, findings: Sequence[Finding]) -> str:
    """Return "known", "likely" or "unexplained"; "" where nothing needs a cause.

    `findings`: most severe and most causal first, with the cause of a loss that does not fall.
    """
    grave = [finding for finding in findings if finding.severity > Severity.NOTE]
    if not grave:
        early = view.learning.status == "slow" and view.learning.steps < PATIENCE
        open_case = view.learning.hardly or view.learning.status == "diverged"
        return UNEXPLAINED if open_case and not early else ""
    shares = _shares(leading(grave))
    if not shares or shares[0][0] == "unknown":
        return UNEXPLAINED
    return KNOWN if shares[0][1] >= CLEAR or len(shares) == 1 else LIKELY


def experiment(findings: Sequence[Finding]) -> str:
    """Return the two likeliest causes and the one change that tells them apart; "" if unknown."""
    grave = [finding for finding in findings if finding.severity > Severity.NOTE]
    shares = _shares(leading(grave))[:2] if grave else []
    trial = next((TRIALS[name] for name, _ in shares if name in TRIALS), None)
    if len(shares) < 2 or trial is None:
        return ""
    (first, most), (second, less) = shares
    tried = first if TRIALS.get(first) == trial else second
    other = second if tried == first else first
    return (
        f"Two causes are left: {first} ({percent(most)}) and {second} ({percent(less)}). To tell "
        f"them apart, {trial} and change nothing else: if the finding stays, it is {other}."
    )


def _shares(finding: Finding) -> list[tuple[str, float]]:
    return sorted(finding.cause.items(), key=lambda item: -item[1])
