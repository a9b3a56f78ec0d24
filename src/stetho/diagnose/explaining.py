"""Explains a rule: what it looks at, its limits and their sources, what helps."""

from __future__ import annotations

import difflib
import inspect
import textwrap

from stetho.diagnose.rule import AbstractRule, all_rules
from stetho.errors import UsageError


def explain(name: str | None = None) -> str:
    """Return the text of `stetho explain`; without a name, the list of rules.

    Raises `UsageError` for an unknown name.
    """
    rules = {rule.name: rule for rule in all_rules()}
    if name is None:
        width = max(map(len, rules))
        return "\n".join(f"{rule.name:<{width}}  {question(rule)}" for rule in rules.values())
    if name not in rules:
        close = [known for known in rules if name in known] if len(name) > 2 else []
        close += difflib.get_close_matches(name, rules, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the rules are: {', '.join(rules)}"
        raise UsageError(f"expected the name of a rule, got {name!r}; {hint}")
    rule = rules[name]
    paragraphs = [rule.name, *description(rule)]
    if rule.limits:
        paragraphs.append("Limits:")
    for limit in rule.limits.values():
        paragraphs.append(f"  {limit.value:g}: {limit.of}. {limit.source}")
    return "\n\n".join(
        textwrap.fill(p, 80, subsequent_indent="  " if p.startswith("  ") else "")
        for p in paragraphs
    )


def explanations() -> dict[str, str]:
    """Return what each rule looks at, what can look like it, and the sources of its limits."""
    return {rule.name: "\n\n".join([*description(rule), *_limits(rule)]) for rule in all_rules()}


def _limits(rule: AbstractRule) -> list[str]:
    return [f"Limit {limit.value:g}: {limit.of}. {limit.source}" for limit in rule.limits.values()]


def description(rule: AbstractRule) -> list[str]:
    """Return the paragraphs of a rule's docstring, each on one line."""
    text = inspect.cleandoc(rule.__doc__ or "")
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def question(rule: AbstractRule) -> str:
    return description(rule)[0]
