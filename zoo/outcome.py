"""What became of a training and of its healthy twin → what a right diagnosis has to see in it.

The label follows the outcome, not the intention: a planted fault that does no harm is no fault.
All numbers here were fixed before any network was diagnosed.
"""

from __future__ import annotations

from zoo.cases import Case
from zoo.data import load

ENOUGH = {"classes": 0.5, "binary": 0.5, "regression": 0.25, "text": 0.2}  # skill that is learned
FAULT = 0.2  # part of the twin's skill under which a planted fault is one
HARMLESS = 0.9  # and from which on it does no harm


def label(case: Case, skill: float, twin: float) -> str:
    """healthy, fault, weak, harmless, or undecided (the twin without the fault fails too)."""
    enough = ENOUGH[load(case.spec.data, case.spec.length).kind]
    if twin < enough:
        return "undecided"
    if case.plant is None:
        return "healthy"
    if skill < FAULT * twin:
        return "fault"
    return "weak" if skill < HARMLESS * twin else "harmless"
