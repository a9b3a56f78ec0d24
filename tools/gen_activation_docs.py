"""The catalogue's records → docs/activations."""

from __future__ import annotations

import math
import sys

from generated import NOTE, main

from stetho.activations import Activation, get, names


def number(value: float | None) -> str:
    if value is None:
        return "nowhere"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.6g}".replace("-", "−")


def page(record: Activation) -> str:
    facts = record.facts
    rows = [
        ("φ(z)", record.formula),
        ("slope φ'(z)", record.slope_formula),
        ("values between", f"{number(facts.lower)} and {number(facts.upper)}"),
        ("kinks at", ", ".join(map(number, record.kinks)) or "none"),
        ("saturated below, above", f"{number(facts.saturates_below)}, {sides(record)[1]}"),
        ("slope exactly 0 below, above", f"{number(facts.flat_below)}, {sides(record)[3]}"),
        ("largest slope", number(facts.slope_supremum)),
        ("centred on normal inputs", "yes" if facts.zero_centred else "no"),
        ("cost", record.cost),
        ("from", record.source),
    ]
    if record.parameters:
        shown = ", ".join(f"{key} = {value:.6g}" for key, value in record.parameters.items())
        learned = f" (learned: {', '.join(record.learned)})" if record.learned else ""
        rows.insert(2, ("parameters", shown + learned))
    if record.torch_names:
        seen = sorted({name for name in record.torch_names if "._" not in name})
        rows.append(("seen when called as", ", ".join(f"`{name}`" for name in seen)))
    table = "\n".join(["| | |", "|---|---|", *(f"| {a} | {escaped(b)} |" for a, b in rows)])
    parts = [f"# {record.title}", NOTE, f"`{record.name}`. {record.use}".strip(), table]
    if record.article:
        parts.append(f"The article: {record.article}")
    return "\n\n".join(parts) + "\n"


def sides(record: Activation) -> tuple[str, ...]:
    facts = record.facts
    fields = ("saturates_below", "saturates_above", "flat_below", "flat_above")
    return tuple(number(getattr(facts, field)) for field in fields)


def escaped(text: str) -> str:
    return text.replace("|", "\\|")


def index(records: list[Activation]) -> str:
    rows = [
        f"| [{record.title}]({record.name}.md) | `{record.name}` | {escaped(record.formula)} | "
        f"{'yes' if record.facts.zero_centred else 'no'} | {record.cost} |"
        for record in records
    ]
    table = "\n".join(
        ["| function | name | φ(z) | centred | cost |", "|---|---|---|---|---|", *rows]
    )
    return (
        f"# Activation functions\n\n{NOTE}\n\nA function is *saturated* where its slope is under "
        "5 % of its largest. *Centred* means that a normal input with mean 0 gives an output with "
        "mean 0. Cost: free, cheap (compare, add, multiply), exponential, or several of these. "
        f"Add your own with `stetho.register`.\n\n{table}\n"
    )


if __name__ == "__main__":
    records = [get(name) for name in names()]
    pages = {f"{record.name}.md": page(record) for record in records}
    sys.exit(main("docs/activations", {"index.md": index(records), **pages}))
