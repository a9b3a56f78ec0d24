"""The statistics of a choice, against enumeration, tables and simulation."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from stetho.trials.statistics import (
    bootstrap,
    holm,
    paired_gain,
    pairs_needed,
    sign_flip_p,
    t_interval,
    t_quantile,
)


def by_enumeration(values: list[float]) -> float:
    observed = abs(sum(values))
    flips = list(itertools.product((1, -1), repeat=len(values)))
    sums = [abs(sum(s * v for s, v in zip(flip, values, strict=True))) for flip in flips]
    return sum(total >= observed - 1e-12 for total in sums) / len(flips)


def test_six_pairs_of_one_sign_give_the_smallest_p_and_five_cannot_show_anything() -> None:
    assert sign_flip_p([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) == 2 / 64
    assert sign_flip_p([0.1, 0.2, 0.3, 0.4, 0.5]) == 2 / 32 > 0.05


@pytest.mark.parametrize("seed", range(5))
def test_sign_flip_counts_all_flips(seed: int) -> None:
    draw = random.Random(seed)
    values = [draw.gauss(0.3, 1) for _ in range(9)]
    assert sign_flip_p(values) == pytest.approx(by_enumeration(values))


def test_sign_flip_of_many_pairs_is_drawn_near_the_exact_one() -> None:
    draw = random.Random(1)
    values = [draw.gauss(0.4, 1) for _ in range(17)]
    assert sign_flip_p(values) == pytest.approx(by_enumeration(values), abs=0.01)


def test_pairs_that_are_equal_show_nothing() -> None:
    assert sign_flip_p([0.0] * 8) == 1.0


def test_sign_flip_of_pure_noise_is_under_5_percent_5_times_in_a_hundred() -> None:
    draw = random.Random(0)
    hits = sum(sign_flip_p([draw.gauss(0, 1) for _ in range(8)]) < 0.05 for _ in range(2000))
    # binomial(2000, ≤ .05): mean ≤ 100, deviation ≤ 9.8
    assert 60 < hits < 130


def test_holm_by_hand() -> None:
    # sorted: .01 × 3 = .03; .02 × 2 = .04; .04 × 1 = .04
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_pairs_needed_for_a_corrected_p_under_5_percent() -> None:
    # 4/2⁷ = .031 ≤ .05; 4/2⁸ = .0156 ≤ .05/3; 4/2⁹ = .0078 ≤ .05/6; 4/2¹⁰ = .0039 ≤ .05/12
    assert [pairs_needed(m) for m in (1, 2, 3, 4, 6, 7)] == [7, 8, 8, 9, 9, 10]
    assert pairs_needed(1, least=10) == 10


def test_quantiles_of_student_by_the_table() -> None:
    for freedom, value in ((2, 4.302653), (5, 2.570582), (10, 2.228139), (30, 2.042272)):
        assert t_quantile(freedom, 0.975) == pytest.approx(value, abs=1e-5)


def test_intervals_hold_the_mean_as_often_as_they_say() -> None:
    draw = random.Random(3)
    held = {"bootstrap": 0, "student": 0}
    for _ in range(400):
        sample = [draw.gauss(1.0, 1.0) for _ in range(8)]
        low, high = bootstrap(sample)
        held["bootstrap"] += low <= 1.0 <= high
        low, high = t_interval(sample)
        held["student"] += low <= 1.0 <= high
    # 95 % of 400 is 380, deviation 4.4; the plain percentile bootstrap holds 340 to 360 here
    assert 363 <= held["bootstrap"] <= 396
    assert 367 <= held["student"] <= 393


def test_of_one_pair_nothing_is_known() -> None:
    assert bootstrap([0.3]) == (-math.inf, math.inf)
    assert t_interval([0.3]) == (-math.inf, math.inf)


def test_pairing_is_worth_what_the_pairs_share() -> None:
    # a − b is constant but for ±0.1: variance .0125 at n = 4 is …; var(a) = 1.6667, var(b) alike
    a = [0.0, 1.0, 2.0, 3.0]
    b = [0.1, 0.9, 2.1, 2.9]
    # differences −.1, .1, −.1, .1: mean 0, variance 4 × .01 / 3; var b = 4.96/3 …
    variance_b = sum((x - 1.5) ** 2 for x in b) / 3
    assert paired_gain(a, b) == pytest.approx((5 / 3 + variance_b) / (0.04 / 3))
