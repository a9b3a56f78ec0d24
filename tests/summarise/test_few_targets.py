"""The loss of the best constant prediction, from few targets."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
import torch

from stetho.summarise.targets import summarise_targets


def entropies(count, classes, draws=50):
    torch.manual_seed(0)
    drawn = [torch.randint(0, classes, (count,)) for _ in range(draws)]
    return [summarise_targets("cross_entropy", one, classes).baseline() for one in drawn]


@pytest.mark.parametrize(("count", "classes"), [(4, 10), (100, 10), (1000, 1000)])
def test_few_targets_give_no_number(count, classes):
    assert all(math.isnan(value) for value in entropies(count, classes))


@pytest.mark.parametrize(("count", "classes"), [(400, 10), (200, 2), (20_000, 1000)])
def test_enough_targets_give_the_entropy_without_bias(count, classes):
    values = entropies(count, classes)
    assert fmean(values) == pytest.approx(math.log(classes), rel=2e-3)
    assert max(values) <= math.log(classes)


def test_one_class_alone_is_certain():
    assert summarise_targets("cross_entropy", torch.zeros(8, dtype=torch.long), 10).baseline() == 0


def test_the_constant_of_a_huber_loss_is_that_of_its_squares():
    torch.manual_seed(0)
    targets = 0.2 * torch.randn(5000, 1)
    constant = targets.mean().expand_as(targets)
    for loss in (torch.nn.functional.smooth_l1_loss, torch.nn.functional.huber_loss):
        expected = loss(constant, targets).item()
        assert summarise_targets("huber", targets).baseline() == pytest.approx(expected, rel=1e-4)
