"""Outcomes and run files → one row a training: its label, and what was said of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from stetho.diagnose import diagnose
from stetho.diagnose.elsewhere import leading
from stetho.store import read_run
from zoo.judging import alarms, main_cause
from zoo.outcome import FAULT, HARMLESS
from zoo.reports.running import Trial, trials
from zoo.reports.table import ENOUGH, HERE, SEEDS, Report, reports

RESULTS = HERE / "results.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What stetho said of one training, first seed."""

    trial: str
    case: str
    form: str
    learning: str
    alarms: tuple[tuple[str, str, str], ...]  # rule, severity, main cause; most severe first
    rule: str  # of the finding that leads
    cause: str  # its main one
    verdict: str
    grade: str = ""  # how sure the cause is: known, likely, unexplained


def label(case: Report, skills: dict[str, float]) -> str:
    """fault, weak, harmless, undecided; "" if trainings are missing.

    Each seed has its label; the case has that of most seeds, if the first seed, which is
    diagnosed, has it too.
    """
    found = [_of_seed(case, seed, skills) for seed in SEEDS]
    if "" in found:
        return ""
    most, count = Counter(found).most_common(1)[0]
    return most if 2 * count > len(SEEDS) and found[0] == most else "undecided"


def _of_seed(case: Report, seed: int, skills: dict[str, float]) -> str:
    names = [Trial(case, form, seed).name for form in ("fault", "twin")]
    if any(name not in skills for name in names):
        return ""
    fault, twin = (skills[name] for name in names)
    if twin < ENOUGH[case.measure]:
        return "undecided"
    if fault < FAULT * twin:
        return "fault"
    return "weak" if fault < HARMLESS * twin else "harmless"


def learned(case: Report, skills: dict[str, float]) -> bool:
    """Whether the twin that is diagnosed learns."""
    return skills.get(Trial(case, "twin", SEEDS[0]).name, 0.0) >= ENOUGH[case.measure]


def judged() -> Iterator[Row]:
    """Rows of all run files that are here."""
    for trial in trials(reports(), SEEDS[:1]):
        if trial.file.exists():
            yield row_of(trial)


def row_of(trial: Trial) -> Row:
    diagnosis = diagnose(read_run(trial.file))
    grave = alarms(diagnosis)
    lead = leading(grave) if grave else None
    return Row(
        trial=trial.name,
        case=trial.report.name,
        form=trial.form,
        learning=diagnosis.learning,
        alarms=tuple((one.rule, one.severity.word, main_cause(one)) for one in grave),
        rule=lead.rule if lead else "",
        cause=main_cause(lead) if lead else "",
        verdict=diagnosis.verdict,
        grade=diagnosis.grade,
    )


def right(case: Report, row: Row) -> bool:
    """Whether the leading finding is one that may lead, and blames what is to blame."""
    return row.rule in case.answer.rules and row.cause in case.answer.causes


def write() -> None:
    """Judge all stored runs again; rows without a run file here stay as they were committed."""
    rows = {row.trial: row for row in (*read(), *judged())}
    lines = [json.dumps(asdict(rows[name]), ensure_ascii=False) for name in sorted(rows)]
    RESULTS.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read() -> list[Row]:
    if not RESULTS.exists():
        return []
    rows = []
    for line in RESULTS.read_text(encoding="utf-8").splitlines():
        values = json.loads(line)
        values["alarms"] = tuple(map(tuple, values["alarms"]))
        rows.append(Row(**values))
    return rows
