"""Defines a rule: a symptom, its limits, its examples, and the check that finds it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from stetho.diagnose.view import RunView
from stetho.record import Finding, Run


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold, and its source."""

    value: float
    of: str
    source: str


class AbstractRule(ABC):
    """A symptom. Subclasses are final, one a file in `rules/`; their docstring is the manual.

    The docstring has these parts, in this order: a first sentence that asks the question; then
    paragraphs that begin with "Looks at:", "Can look like it:" and "What helps:".
    """

    name: ClassVar[str]
    limits: ClassVar[dict[str, Limit]]
    rank: ClassVar[int]  # causes before their consequences, among findings of one severity
    explains: ClassVar[bool] = True  # whether it can be why a network does not learn
    stops: ClassVar[bool] = False  # whether a symptom of activations that alone can be why
    breaks: ClassVar[bool] = False  # whether it brings such symptoms about
    ends: ClassVar[bool] = False  # whether it ends a training whenever it comes
    unseen_by_loss: ClassVar[bool] = False  # whether a loss that falls says nothing against it

    @abstractmethod
    def check(self, view: RunView) -> Iterator[Finding]:
        """Findings of this rule in a run; none where the symptom is absent."""

    @classmethod
    @abstractmethod
    def present(cls) -> Run:
        """A small run in which the rule finds something."""

    @classmethod
    @abstractmethod
    def absent(cls) -> Run:
        """A small run, similar otherwise, in which the rule finds nothing."""

    def limit(self, name: str) -> float:
        return self.limits[name].value


def rule_of(finding: Finding) -> AbstractRule | type[AbstractRule]:
    """The rule that made a finding; one that is no longer there is like any other."""
    return next((rule for rule in all_rules() if rule.name == finding.rule), AbstractRule)


@cache
def all_rules() -> tuple[AbstractRule, ...]:
    """One of each rule in `rules/`, causes first."""
    package = importlib.import_module("stetho.diagnose.rules")
    found: list[AbstractRule] = []
    for module in pkgutil.iter_modules(package.__path__):
        members = vars(importlib.import_module(f"{package.__name__}.{module.name}")).values()
        found += [
            member()
            for member in members
            if inspect.isclass(member)
            and issubclass(member, AbstractRule)
            and not inspect.isabstract(member)
        ]
    return tuple(sorted(found, key=lambda rule: (rule.rank, rule.name)))
