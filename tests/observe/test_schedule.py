"""Which steps are probed, and that the budget is kept."""

from __future__ import annotations

import pytest

from stetho.errors import UsageError
from stetho.observe.schedule import ALLOWANCE, DENSE_STEPS, Schedule


def simulate(schedule, steps, plain=0.01, extra=0.01):
    """Steps of `plain` seconds, probes cost `extra` more; gives probed steps and their share."""
    elapsed, spent, probed = 0.0, 0.0, []
    for step in range(steps):
        if schedule.wants(step, elapsed):
            schedule.probe_step(plain + extra, extra)
            probed.append(step)
            spent += extra
            elapsed += plain + extra
        else:
            schedule.plain_step(plain)
            elapsed += plain
    return probed, spent / elapsed


def test_the_first_steps_are_probed_densely_then_in_neighbouring_pairs():
    probed, _ = simulate(Schedule(), 2000)
    assert probed[:DENSE_STEPS] == list(range(DENSE_STEPS))
    later = [step for step in probed if step >= DENSE_STEPS]
    assert all(b == a + 1 for a, b in zip(later[::2], later[1::2], strict=False))
    assert later[-1] > 1400, "the end of the run is looked at too"


@pytest.mark.parametrize("extra", [0.001, 0.01, 0.05, 0.5])
def test_a_long_run_keeps_its_budget(extra):
    _, share = simulate(Schedule(0.02), 20000, extra=extra)
    # 20000 steps of 0.01 s are 200 s: the budget is 4 s, and the last pair may overrun it.
    assert share <= 0.02 + 2 * extra / 200 + ALLOWANCE / 200


def test_the_number_of_probes_grows_slower_than_the_run():
    few, _ = simulate(Schedule(1.0), 10_000, extra=1e-6)
    many, _ = simulate(Schedule(1.0), 100_000, extra=1e-6)
    # Gaps of 5 %: ten times the steps add 2 ln(10) / ln(1.05) = 94 probes.
    assert len(many) - len(few) < 110


def test_every_n_probes_pairs_at_multiples():
    probed, _ = simulate(Schedule(every=5), 12)
    assert probed == [0, 1, 5, 6, 10, 11]
    assert simulate(Schedule(every=1), 4)[0] == [0, 1, 2, 3]


def test_a_loss_that_is_no_number_forces_a_probe():
    schedule = Schedule()
    simulate(schedule, 1000)
    step = 1000
    while schedule.wants(step, 10.0):
        step += 1
    schedule.force()
    assert schedule.wants(step + 1, 10.0)


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"budget": 1.5}, {"every": 0}])
def test_impossible_schedules_are_refused(wrong):
    with pytest.raises(UsageError):
        Schedule(**wrong)
