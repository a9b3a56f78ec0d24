"""A choice → the verdict in a sentence or two, and advice in words, in the article's order.

ReLU first; if that disappoints leaky ReLU or ELU, ELU where its exponential does not matter; with
compute to spare PReLU, where there is much data, and RReLU, where the network overfits; batch
normalisation does openly what a good function does on the side. Each is said of what was measured.
"""

from __future__ import annotations

import math

from stetho.record import CandidateResult, Choice
from stetho.trials import trial as forms

FEW = 3  # names in a sentence
SMALLER = "--lr-grid 0.01,0.1,0.3"  # factors to try where all else diverges
BROKEN = (forms.RAISED, forms.KILLED, forms.OUT_OF_MEMORY, forms.TIMED_OUT, forms.REFUSED)
OVERFIT = 1.5  # held-out loss over training loss from which a network overfits


def verdict(choice: Choice) -> str:
    """Who wins, and how sure that is."""
    ran = [row for row in choice.candidates if row.pairs]
    if ran and all(row.diverged == row.pairs for row in ran):
        return _all_diverged(choice, ran)
    if broke_off(choice):
        return _all_broke_off(choice, ran)
    return " ".join(filter(None, (_saying(choice), _on_divergence(choice), _on_learning(choice))))


def broke_off(choice: Choice) -> bool:
    """Whether nothing could be compared: the trials of the others, or of the script, broke off."""
    others = [row for row in choice.candidates if not row.incumbent]
    own = [row for row in choice.candidates if row.incumbent and row.name == choice.incumbent]
    broken = [row for row in others if row.status in BROKEN]
    ran = [row for row in others if row.pairs and row not in broken]
    return (not ran and (bool(broken) or not choice.complete)) or _all_broken(own)


def _all_broken(rows: list[CandidateResult]) -> bool:
    return bool(rows) and all(row.status in BROKEN for row in rows)


def _all_broke_off(choice: Choice, ran: list[CandidateResult]) -> str:
    broken = [row for row in ran if row.status in BROKEN]
    told = "; ".join(f"{row.name}: {row.status} ({_short(row.why)})" for row in broken[:FEW])
    if not broken:
        return "No verdict: the race was cut short before anything could be compared."
    return (
        f"No verdict: nothing could be compared with {choice.incumbent}, because its trials or all "
        f"others failed. {told}."
    )


def _all_diverged(choice: Choice, ran: list[CandidateResult]) -> str:
    return (
        f"No verdict: every trial diverged, those of {choice.incumbent} as it is and of "
        f"{_listed([row.name for row in ran if not row.incumbent])} alike "
        f"({sum(row.pairs for row in ran)} trials). The function is not what decides here: lower "
        f"the learning rate, or let {SMALLER} try smaller ones; `stetho run` says where "
        "the first NaN arises."
    )


def _on_divergence(choice: Choice) -> str:
    """How often the script as it is and the winner diverged, where either did."""
    told = [
        f"{row.name}{' as it is' if row.incumbent else ''} diverged on {row.diverged} of "
        f"{row.pairs} seeds"
        for row in choice.candidates
        if row.diverged and (row.name == choice.winner or row.incumbent)
    ]
    if not told:
        return ""
    counts = f"{choice.diverged_score:.3g}"
    return f"{'; '.join(told)}: each counts as {counts}, as bad as the worst that was seen."


def _on_learning(choice: Choice) -> str:
    """That the winner's loss does not fall, where it does not: to win is not to learn."""
    winner = next(row for row in choice.candidates if row.name == choice.winner)
    first = winner.curve[0][0] if winner.curve else math.nan
    if not winner.training >= first:
        return ""
    help = f": try {SMALLER}" if any(row.diverged for row in choice.candidates) else ""
    return (
        f"With {choice.winner} the loss does not fall either: {winner.training:.3g} at the end of "
        f"its trials, {first:.3g} where they began{help}."
    )


def _saying(choice: Choice) -> str:
    rows = {row.name: row for row in choice.candidates}
    winner = rows[choice.winner]
    others = [name for name in choice.tied if name != choice.winner]
    if winner.incumbent:
        if not others:
            return f"Keep {choice.winner}: nothing that was tried is better."
        return (
            f"Tie: keep {choice.winner}. {_listed(others)} "
            f"{'is' if len(others) == 1 else 'are'} as good as far as these trials tell."
        )
    saying = f"Use {choice.winner}{_weights(winner)}: {_gain(choice, winner)}."
    if others:
        saying += (
            f" A tie with {_listed(others)}: these trials do not tell them apart, and "
            f"{choice.winner} is the cheapest of those that gain as much."
        )
    return saying


def _gain(choice: Choice, row: CandidateResult) -> str:
    low, high = row.interval
    better = "lower" if choice.lower_is_better else "higher"
    bounds = sorted((abs(low), abs(high)))
    return (
        f"its {choice.scored} (of {row.steps}) is {abs(row.difference):.3g} {better} than that of "
        f"{choice.incumbent} as it is (95 % interval {bounds[0]:.3g} to {bounds[1]:.3g}, "
        f"{row.pairs} pairs, p = {row.p:.2g})"
    )


def _weights(row: CandidateResult) -> str:
    return " with weights at its critical point" if row.init == "critical" else ""


def advice(choice: Choice) -> tuple[str, ...]:
    """Sentences in the article's order, on the functions that were in the race."""
    rows = {row.name: row for row in choice.candidates}
    relu = _find(rows, "relu")
    sentences = []
    if relu is not None:
        sentences.append(_on_relu(choice, relu))
    second = [row for name in ("leaky_relu", "elu") if (row := _find(rows, name)) is not None]
    if second and relu is not None:
        sentences.append(_on_second(choice, relu, second))
    prelu, rrelu = _find(rows, "prelu"), _find(rows, "rrelu")
    if prelu is not None and _is_good(choice, prelu):
        sentences.append(
            "PReLU learns its slopes: it is worth its parameters where there is much training data."
        )
    if rrelu is not None:
        sentences += _on_rrelu(choice, rrelu)
    sentences += _on_norms(choice)
    return tuple(sentences)


def _find(rows: dict[str, CandidateResult], base: str) -> CandidateResult | None:
    """The row of a function by itself, whatever its parameters are."""
    plain = [row for name, row in rows.items() if name.partition(",")[0].split(":")[0] == base]
    return plain[0] if plain else None


def _is_good(choice: Choice, row: CandidateResult) -> bool:
    return row.name in choice.tied


def _on_relu(choice: Choice, relu: CandidateResult) -> str:
    if relu.name == choice.winner:
        return "ReLU first: it is the simplest and cheapest, and nothing here beats it."
    if _is_good(choice, relu):
        return "ReLU first: it is the simplest, and as good as the best here."
    if relu.status != "done":
        why = relu.why if relu.why.startswith(relu.status) else f"{relu.status} ({relu.why})"
        return f"ReLU, the first to try, does not do here: {_short(why)}."
    return f"ReLU, the first to try, is not enough here: {_score(choice, relu)}."


def _on_second(choice: Choice, relu: CandidateResult, second: list[CandidateResult]) -> str:
    told = "; ".join(f"{row.name} {_score(choice, row)}{_price(row)}" for row in second)
    if any(_is_good(choice, row) for row in second) and not _is_good(choice, relu):
        lead = "Second come leaky ReLU and ELU, and here they help"
    else:
        lead = "Second come leaky ReLU and ELU, where ReLU disappoints"
    return f"{lead}: {told}."


def _on_rrelu(choice: Choice, rrelu: CandidateResult) -> list[str]:
    incumbent = next(row for row in choice.candidates if row.incumbent)
    if math.isnan(incumbent.heldout) or not incumbent.training > 0:
        return []
    gap = incumbent.heldout / incumbent.training
    if gap < OVERFIT:
        return []
    helps = rrelu.heldout < incumbent.heldout
    return [
        f"The network overfits (held-out loss {incumbent.heldout:.3g}, training loss "
        f"{incumbent.training:.3g}), where randomised leaky ReLU is worth a try: "
        f"{'it helps' if helps else 'it does not help'} here, held-out loss {rrelu.heldout:.3g}."
    ]


def _on_norms(choice: Choice) -> list[str]:
    normed = [row for row in choice.candidates if "+batchnorm" in row.name]
    if not normed:
        return []
    told = "; ".join(f"{row.name} {_score(choice, row)}" for row in normed)
    return [f"Batch normalisation does openly what a good function does on the side: {told}."]


def _score(choice: Choice, row: CandidateResult) -> str:
    if row.status not in ("done", "eliminated"):
        return row.status
    return f"{choice.score} {row.score:.3g}"


def _price(row: CandidateResult) -> str:
    if math.isnan(row.step_cost) or row.incumbent:
        return ""
    return f" at {row.step_cost:.2f} times the time of a step"


def _short(text: str, most: int = 100) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _listed(names: list[str]) -> str:
    if len(names) > FEW:
        return f"{', '.join(names[:FEW])} and {len(names) - FEW} more"
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
