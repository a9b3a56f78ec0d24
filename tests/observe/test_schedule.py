"""Which steps are probed: by their numbers alone, and how many may be added."""

from __future__ import annotations

import inspect

import pytest

from stetho.errors import UsageError
from stetho.observe.schedule import BURST, DENSE_STEPS, LEAST_ADDED, Schedule


def probed(schedule: Schedule, steps: int) -> list[int]:
    return [step for step in range(steps) if schedule.wants(step)]


def test_the_first_steps_are_probed_densely_then_in_neighbouring_pairs():
    steps = probed(Schedule(), 2000)
    assert steps[:DENSE_STEPS] == list(range(DENSE_STEPS))
    later = steps[DENSE_STEPS:]
    assert all(b == a + 1 for a, b in zip(later[::2], later[1::2], strict=True))
    assert later[-1] > 1700, "the end of the run is looked at too"


@pytest.mark.parametrize("decade", [10, 100, 1000])
def test_each_decade_has_twelve_pairs_evenly_on_a_log_scale(decade):
    steps = [step for step in probed(Schedule(), 10 * decade) if step >= decade]
    starts = steps[::2]
    assert len(starts) == 12
    ratios = [b / a for a, b in zip(starts, [*starts[1:], 10 * decade], strict=True)]
    assert max(ratios) < 1.3
    assert min(ratios) > 1.1


def test_a_long_run_is_probed_at_equal_distances():
    late = [step for step in probed(Schedule(), 20_000) if step >= 10_000]
    assert late == [10_000 + 1000 * i + j for i in range(10) for j in (0, 1)]


def test_durations_have_no_say():
    """Neither the decision nor what it rests on takes a time."""
    assert list(inspect.signature(Schedule.wants).parameters) == ["self", "step"]
    slow, fast = Schedule(), Schedule()
    for step in range(500):
        assert slow.wants(step) == fast.wants(step)
        slow.probe_step(10.0, 9.0) if slow.wants(step) else slow.plain_step(1.0, 0.5)


def test_every_n_probes_pairs_at_multiples():
    assert probed(Schedule(every=5), 12) == [0, 1, 5, 6, 10, 11]
    assert probed(Schedule(every=1), 4) == [0, 1, 2, 3]


def test_an_event_adds_the_next_ten_steps():
    schedule = Schedule()
    schedule.force(604)
    assert [step for step in probed(schedule, 700) if 590 < step < 650] == list(range(604, 614))


def test_what_is_added_stays_within_the_budget():
    plain = len(probed(Schedule(), 9000))
    schedule = Schedule(budget=0.02)
    for step in range(9000):
        schedule.force(step)
    assert len(probed(schedule, 9000)) - plain <= 0.02 * 9000
    short = Schedule(budget=0.02)
    for step in range(0, 300, BURST):
        short.force(step)
    assert len(probed(short, 400)) - len(probed(Schedule(), 400)) == LEAST_ADDED


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"budget": 1.5}, {"every": 0}])
def test_impossible_schedules_are_refused(wrong):
    with pytest.raises(UsageError):
        Schedule(**wrong)
