"""What a probe measured of sequences and loss functions travels, and merges over ranks."""

from __future__ import annotations

import math

import pytest
import torch

from stetho.record import Criterion
from stetho.summarise.parts import ProbeParts, pack, together, unpack
from stetho.summarise.sequence import sequence_stats, summarise_sequence
from stetho.summarise.targets import TargetRange, add_range

SOFTMAX = Criterion(function="cross_entropy", behind="softmax", lower=0.0, upper=1.0, classes=3)
PLAIN = Criterion(function="mse_loss")  # unbounded: infinities and nan must travel too


def ranges(*seen):
    table = {}
    for criterion, values in seen:
        add_range(table, TargetRange.of(criterion, torch.tensor(values)))
    return table


def parts(**more):
    return ProbeParts(step=7, elapsed=1.5, lr=(0.1,), loss=2.0, **more)


def stats(summary):
    return sequence_stats([float(value) for value in summary.row()])


def test_bytes_hold_sequences_and_loss_functions():
    torch.manual_seed(0)
    sent = parts(
        sequences={"rnn": summarise_sequence(torch.randn(20, 4, 3), torch.randn(20, 4, 3))},
        ranges=ranges((SOFTMAX, [0, 2]), (PLAIN, [-1.5, 4.0])),
    )
    got = unpack(pack(sent))
    assert stats(got.sequences["rnn"]) == stats(sent.sequences["rnn"])
    assert list(got.ranges) == list(sent.ranges)
    softmax, plain = got.ranges.values()
    assert (softmax.criterion.behind, softmax.criterion.classes) == ("softmax", 3)
    assert (plain.criterion.lower, plain.criterion.upper) == (-math.inf, math.inf)
    assert (float(plain.low), float(plain.high)) == (-1.5, 4.0)
    # A range that has travelled is still that of the same loss function.
    add_range(got.ranges, TargetRange.of(PLAIN, torch.tensor([9.0])))
    assert [float(seen.high) for seen in got.ranges.values()] == [2.0, 9.0]


def test_two_ranks_are_one_process_on_the_joined_batch():
    torch.manual_seed(0)
    down, up = torch.randn(20, 8, 3), torch.randn(20, 8, 3)
    # Each rank differentiates the mean over its own half: twice the joined batch's gradients.
    halves = [slice(0, 4), slice(4, 8)]
    ranks = [
        parts(
            sequences={"rnn": summarise_sequence(2 * down[:, half], 2 * up[:, half])},
            ranges=ranges((PLAIN, targets)),
        )
        for half, targets in zip(halves, ([0.0, 1.0], [-3.0, 0.5]), strict=True)
    ]
    said = []
    whole = together(ranks, said.append)
    assert said == []
    assert stats(whole.sequences["rnn"]) == pytest.approx(stats(summarise_sequence(down, up)))
    (seen,) = whole.ranges.values()
    assert (float(seen.low), float(seen.high)) == (-3.0, 1.0)
