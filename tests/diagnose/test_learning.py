"""Losses → does the network learn?"""

from __future__ import annotations

import math
import random

import pytest

from stetho.diagnose.learning import judge
from stetho.record import Probe, Run

LN10 = math.log(10)


def run(losses, baseline=LN10, **more):
    probes = (Probe(step=0, time=0.0, baseline=baseline),)
    return Run(losses=tuple(losses), loss_steps=tuple(range(len(losses))), probes=probes, **more)


def noisy(values, size=0.05, seed=0):
    draw = random.Random(seed)
    return [value + draw.gauss(0, size) for value in values]


CASES = {
    "falls to 0.1": (noisy([2.3 * 0.99**i for i in range(300)]), "learns"),
    "from above to the constant answer": (noisy([2.3 + 0.4 * 0.9**i for i in range(300)]), "stuck"),
    "flat at the constant answer": (noisy([2.31] * 300), "stuck"),
    "flat, very noisy": (noisy([2.30] * 300, 0.3), "stuck"),
    "worse than constant": (noisy([2.4] * 300), "stuck"),
    "plateau, then learns": ([2.3] * 200 + noisy([1.6] * 100), "learns"),
    "still falling": (noisy([2.3 - 0.0006 * i for i in range(300)], 0.01), "learns"),
    "a little better": (noisy([2.3 - 0.16] * 300, 0.01), "slow"),
    "comes back from far above": ([100 * 0.99**i + 5 for i in range(300)], "slow"),
    "learned and lost it again": (
        noisy([1.7] * 150 + [2.25 - 1e-3 * i for i in range(150)], 0.01),
        "slow",
    ),
    "runs away": ([2.3 * 1.05**i for i in range(300)], "diverged"),
    "five steps": ([2.3] * 5, "too-short"),
}


@pytest.mark.parametrize("name", CASES)
def test_status(name):
    losses, expected = CASES[name]
    assert judge(run(losses)).status == expected


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_is_never_learning(seed):
    assert judge(run(noisy([LN10] * 400, 0.15, seed))).status == "stuck"


def test_without_targets_a_loss_that_hovers_is_not_judged():
    losses = noisy([1.0] * 300)
    assert judge(run(losses, baseline=math.nan)).status == "unknown"
    falls = noisy([1.0 * 0.99**i for i in range(300)], 0.01)
    assert judge(run(falls, baseline=math.nan)).status == "learns"


def test_a_loss_that_is_no_number_is_divergence():
    assert judge(run([2.3] * 50 + [math.nan], first_nonfinite_loss=50)).status == "diverged"


def test_a_check_up_is_not_judged():
    assert judge(run([2.3] * 100, kind="check")).status == "unknown"


def test_explained_is_the_share_of_the_constant_answers_loss():
    seen = judge(run([2.0] * 100, baseline=2.5))
    assert seen.explained == pytest.approx(0.2)  # 1 − 2.0 / 2.5


def test_a_network_that_learns_may_not_have_got_far():
    assert judge(run(noisy([2.0] * 300, 0.01))).little  # 1 − 2.0 / 2.303 = 0.13
    assert not judge(run(noisy([1.5] * 300, 0.01))).little  # 0.35
    assert not judge(run(noisy([2.3] * 300, 0.01))).little  # it does not learn
