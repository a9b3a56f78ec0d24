"""Run files and outcomes → one row a trial: its label, and what was said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from stetho.diagnose import diagnose
from stetho.diagnose.elsewhere import leading
from stetho.diagnose.rule import rule_of
from stetho.record import Diagnosis, Finding, Run, Severity
from stetho.store import read_run
from zoo.cases import Case
from zoo.outcome import label
from zoo.running import Trial, outcomes, trials

SAYING = "not an activation problem"


@dataclass(frozen=True, slots=True)
class Row:
    """One trial as it is kept in the results."""

    trial: str
    case: str
    half: str
    plant: str  # "": none
    strength: str
    seed: int
    batches: float
    skill: float
    label: str
    learning: str
    alarms: tuple[tuple[str, str, str], ...]  # rule, severity, main cause; gravest first
    cause: str  # of the alarm that explains the others
    elsewhere: bool  # whether the verdict says that it is not an activation problem
    noticed: int | None = None  # steps from the fault's beginning to the first alarm; of a healthy
    #                             one, to the first that would have been raised on the way
    named: int | None = None  # to the first alarm of a right rule; of a healthy one, of a rule that
    #                           can explain why a network does not learn


def judged(name: str = "") -> Iterator[Row]:
    """Rows of all trials that were run; `name`: of those whose name contains it."""
    skills = outcomes()
    for trial in trials():
        twin = f"{trial.case.base}@{trial.seed}x{trial.batches:g}"
        if trial.name in skills and twin in skills and name in trial.name:
            yield row_of(trial, read_run(trial.file), skills[trial.name], skills[twin])


def row_of(trial: Trial, run: Run, skill: float, twin: float) -> Row:
    case, diagnosis = trial.case, diagnose(run)
    grave = alarms(diagnosis)
    what = label(case, skill, twin)
    row = Row(
        trial=trial.name,
        case=case.name,
        half=case.half,
        plant=case.plant.name if case.plant else "",
        strength=case.plant.strength if case.plant else "",
        seed=trial.seed,
        batches=trial.batches,
        skill=skill,
        label=what,
        learning=diagnosis.learning,
        alarms=tuple((f.rule, f.severity.word, main_cause(f)) for f in grave),
        cause=main_cause(leading(grave)) if grave else "",
        elsewhere=SAYING in diagnosis.verdict,
    )
    if what in ("fault", "healthy") and trial.seed == 0 and trial.batches == 1:
        noticed, named = delays(case, run)
        row = replace(row, noticed=noticed, named=named)
    return row


def alarms(diagnosis: Diagnosis) -> list[Finding]:
    """What is above a note."""
    return [finding for finding in diagnosis.findings if finding.severity > Severity.NOTE]


def main_cause(finding: Finding) -> str:
    return max(finding.cause, key=lambda name: finding.cause[name], default="")


def delays(case: Case, run: Run) -> tuple[int | None, int | None]:
    """Steps from the fault's beginning to the first alarm, and to the first of a right rule.

    The run is diagnosed as it was after each probe.
    """
    noticed = None
    for probe in run.probes:
        if probe.step < case.spec.onset:
            continue
        found = alarms(diagnose(until(run, probe.step)))
        after = probe.step - case.spec.onset + 1
        if found and noticed is None:
            noticed = after
        if any(_names(case, finding) for finding in found):
            return noticed, after
    return noticed, None


def _names(case: Case, finding: Finding) -> bool:
    return rule_of(finding).explains if case.plant is None else finding.rule in case.plant.rules


def until(run: Run, step: int) -> Run:
    """The run as it was when `step` had been taken."""
    count = sum(1 for one in run.loss_steps if one <= step)
    broken = run.first_nonfinite_loss
    return replace(
        run,
        finished=False,
        probes=tuple(probe for probe in run.probes if probe.step <= step),
        loss_steps=run.loss_steps[:count],
        losses=run.losses[:count],
        first_nonfinite_loss=broken if broken is not None and broken <= step else None,
    )


def plain(row: Row) -> dict[str, object]:
    return asdict(row)
