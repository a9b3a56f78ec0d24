"""Committed outcomes and results → the section of the manual's page on the zoo."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from zoo.reports.judging import Row, label, learned, read, right
from zoo.reports.running import outcomes
from zoo.reports.table import Report, reports
from zoo.scoring import Share, share

INTRO = """\
Trainings of other people that did not learn, re-made from what they reported in public: facts only,
no code and no wording. Each case is one plain script in `zoo/reports/`. It trains with the fault or
without (the *twin*), on real data that ships in packages or on made sequences. Sources are in
`zoo/reports/cases.jsonl`; what a right diagnosis says of each kind is in `zoo/reports/kinds.py`.
Both were written before the case was diagnosed. Rules that are made later are put in where they
name the fault itself.

Labels follow the outcome on three seeds, without stetho, by the limits above: *fault* only if the
twin learns and the fault has under a fifth of its skill. The case has the label of most seeds, if
the seed that is diagnosed has the same one. A hash of the name decides the half. The *calibrating*
half may be looked at while rules are changed. The *reporting* half is diagnosed once the rules are
frozen.
"""

COLUMNS = """\
*Noticed*: any alarm. *Right*: the leading finding is of a rule that names the fault, and it blames
what is to blame. *Twins alarmed*: of the twins that learn. Intervals: Clopper and Pearson, 95 %.
"""

LABELS = ("fault", "weak", "harmless", "undecided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    noticed: Share
    right: Share
    known: Share  # of those whose cause is called known, those that are right
    twins: Share


def score(half: str) -> Score:
    """Scores of the cases of a half that were diagnosed."""
    skills, said = outcomes(), {row.trial: row for row in read()}
    cases = [one for one in reports() if one.half == half]
    faults = [one for one in cases if label(one, skills) == "fault"]
    found = [(one, said[_trial(one, "fault")]) for one in faults if _trial(one, "fault") in said]
    twins = [one for one in cases if learned(one, skills) and _trial(one, "twin") in said]
    return Score(
        noticed=share(bool(row.alarms) for _, row in found),
        right=share(right(one, row) for one, row in found),
        known=share(right(one, row) for one, row in found if row.grade == "known"),
        twins=share(bool(said[_trial(one, "twin")].alarms) for one in twins),
    )


def _trial(case: Report, form: str) -> str:
    return f"{case.name}-{form}@0"


def section() -> str:
    parts = [
        "## Reports of other people",
        INTRO,
        _counts(),
        _scores(),
        COLUMNS,
        "### Calibrating half, case by case",
        _cases("calibrate"),
        "### Reporting half, labels",
        _cases("report"),
    ]
    return "\n\n".join(part.strip() for part in parts)


def _counts() -> str:
    skills = outcomes()
    rows = []
    for half in ("calibrate", "report"):
        counted = Counter(label(one, skills) for one in reports() if one.half == half)
        rows.append([half, *(str(counted[name]) for name in LABELS), str(counted.total())])
    return _table(["half", *LABELS, "cases"], rows)


def _scores() -> str:
    rows = []
    for half in ("calibrate", "report"):
        one = score(half)
        shares = (one.noticed, one.right, one.known, one.twins)
        rows.append([half, *map(shown, shares)])
    return _table(
        ["half", "noticed", "right", "of those called known, right", "twins alarmed"], rows
    )


def shown(part: Share) -> str:
    if not part.of:
        return "not looked at"
    low, high = part.interval()
    percent = 100 * part.value
    return f"{percent:.1f} % ({part.hits} of {part.of}; {100 * low:.1f} … {100 * high:.1f})"


def _cases(half: str) -> str:
    skills, said = outcomes(), {row.trial: row for row in read()}
    rows = []
    for one in reports():
        if one.half == half:
            fault, twin = (said.get(_trial(one, form)) for form in ("fault", "twin"))
            what = label(one, skills)
            told = [_told(one, fault), _alarm(twin)] if half == "calibrate" else []
            rows.append([f"[{one.name}]({one.source})", one.fault, what, *told])
    told = ["said of the fault", "of the twin"] if half == "calibrate" else []
    return _table(["case", "fault", "label", *told], rows)


def _told(case: Report, row: Row | None) -> str:
    if row is None or not row.alarms:
        return _alarm(row)
    return f"{_alarm(row)}: {'right' if right(case, row) else 'not right'}"


def _alarm(row: Row | None) -> str:
    if row is None:
        return "–"
    return f"{row.rule} ({row.cause})" if row.alarms else f"nothing ({row.learning})"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def summary() -> str:
    """A few lines for a terminal: scores, and what is not right in the calibrating half."""
    lines = []
    for half in ("calibrate", "report"):
        one = score(half)
        lines.append(f"{half}: noticed {shown(one.noticed)}, right {shown(one.right)}")
        lines.append(f"  twins alarmed {shown(one.twins)}")
    skills, said = outcomes(), {row.trial: row for row in read()}
    for case in reports():
        fault, twin = (said.get(_trial(case, form)) for form in ("fault", "twin"))
        if case.half == "calibrate" and fault and twin:
            what = label(case, skills)
            lines.append(f"{case.name} {case.kind} [{what}] {_told(case, fault)} | {_alarm(twin)}")
    return "\n".join(lines)
