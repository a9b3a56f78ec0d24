"""The rules' docstrings and limits → docs/rules."""

from __future__ import annotations

import sys

from generated import NOTE, main

from stetho.diagnose.explaining import description, question
from stetho.diagnose.rule import AbstractRule, all_rules
from stetho.diagnose.view import RunView


def page(rule: AbstractRule) -> str:
    first, *rest = description(rule)
    lines = [f"# {rule.name}", NOTE, f"**{first}**"]
    for paragraph in rest:
        head, colon, text = paragraph.partition(":")
        lines.append(
            f"## {head}\n\n{text.strip()[:1].upper()}{text.strip()[1:]}" if colon else head
        )
    lines.append("## Limits")
    rows = ["| limit | of | where it comes from |", "|---|---|---|"]
    rows += [f"| {limit.value:g} | {limit.of} | {limit.source} |" for limit in rule.limits.values()]
    lines.append("\n".join(rows))
    (finding, *_) = rule.check(RunView(type(rule).present()))
    lines.append("## What it says")
    cause = ", ".join(f"{name} {share:.0%}" for name, share in finding.cause.items())
    remedies = "\n".join(f"- {remedy.do}: {remedy.expected}" for remedy in finding.remedies)
    lines.append(f"> {finding.message}\n>\n> To blame: {cause}.\n\nWhat helps, in that case:")
    lines.append(remedies)
    return "\n\n".join(lines) + "\n"


def index() -> str:
    rows = [f"| [{rule.name}]({rule.name}.md) | {question(rule)} |" for rule in all_rules()]
    table = "\n".join(["| rule | question |", "|---|---|", *rows])
    return (
        f"# Rules\n\n{NOTE}\n\nCauses stand before their consequences. `stetho explain RULE` "
        "prints the same page.\n\nSeverity follows the consequence for the training. A network "
        "that learns gets notes at most; in one that learns slowly a severe symptom is a warning; "
        "in one that does not learn or diverges a symptom is a warning and a severe one a fault. "
        "Without training (`stetho check`) only what is certain is a fault.\n\nSome symptoms go "
        "with a fault and never explain it: "
        f"{', '.join(f'`{rule.name}`' for rule in all_rules() if not rule.explains)}.\n\n"
        f"{table}\n"
    )


if __name__ == "__main__":
    pages = {f"{rule.name}.md": page(rule) for rule in all_rules()}
    sys.exit(main("docs/rules", {"index.md": index(), **pages}))
