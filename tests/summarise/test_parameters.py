"""Parameters and their updates, layers' inputs, targets, against NumPy or by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from stetho.summarise.layers import layer_stats, summarise_layer
from stetho.summarise.parameters import left, parameter_stats, parameter_sums, sample
from stetho.summarise.targets import summarise_targets
from summarise import oracle


def measured(weight, gradient, update, last=None):
    before = sample(weight, gradient)
    sums, moved = parameter_sums(before, weight + update, last)
    return parameter_stats(sums.numbers.tolist()), moved


def left_rms(before, weight):
    return parameter_stats(parameter_sums(before, weight, None)[0].numbers.tolist()).left_rms


def rms(x):
    return float(np.sqrt((x.double().numpy() ** 2).mean()))


def test_sizes_signs_and_direction():
    torch.manual_seed(0)
    weight, gradient = torch.randn(6, 5), torch.randn(6, 5)
    gradient[0], gradient[1] = gradient[0].abs(), 0
    update = -0.1 * gradient
    got, moved = measured(weight, gradient, update)
    assert got.rms == pytest.approx(rms(weight))
    assert got.grad_rms == pytest.approx(rms(gradient))
    assert got.update_rms == pytest.approx(rms(update), rel=1e-5)
    one, balance = oracle.sign_share(gradient.double().numpy())
    assert (got.one_sign, got.balance) == pytest.approx((one, balance))
    assert math.isnan(got.update_cosine)
    again, _ = measured(weight, gradient, -2 * update, moved)
    assert again.update_cosine == pytest.approx(-1, abs=1e-5)


def test_a_parameter_without_gradient_or_with_nan():
    weight = torch.tensor([1.0, math.nan])
    got, _ = measured(weight, None, torch.zeros(2))
    assert math.isnan(got.grad_rms)
    assert got.nonfinite == 0.5
    assert got.grad_nonfinite == 0


def test_sparse_gradients_are_taken():
    table = torch.nn.Embedding(10, 4, sparse=True)
    table(torch.tensor([1, 1, 3])).sum().backward()
    got, _ = measured(table.weight.detach(), table.weight.grad, torch.zeros(10, 4))
    # rows 1 (2s) and 3 (1s) of 4 entries each: √((4·4 + 4·1) / 40)
    assert got.grad_rms == pytest.approx(math.sqrt(20 / 40))


def test_a_large_parameter_is_looked_at_by_whole_rows():
    weight = torch.randn(2000, 500)
    taken = sample(weight, None).value
    assert taken.shape[1] == 500
    assert taken.numel() <= 2**14 + 500
    assert float(taken.std()) == pytest.approx(1, abs=0.03)


def test_features_of_the_data():
    x = torch.stack([torch.full((8,), 5.0), torch.zeros(8), torch.linspace(-1, 1, 8) + 3], dim=1)
    got = layer_stats(summarise_layer(x, conv=False, features=True).row().tolist())
    assert got.x_mean == pytest.approx(float(x.mean()))
    assert got.x_rms == pytest.approx(rms(x))
    assert got.constant_features == pytest.approx(2 / 3)
    assert got.zero_inputs == pytest.approx(1 / 3)
    std = float(np.linspace(-1, 1, 8).std())
    # rms of the means √((25 + 0 + 9) / 3) against that of the deviations √(std² / 3)
    assert got.feature_offset == pytest.approx(math.sqrt(34) / std, rel=1e-6)


BASELINES = {
    # kind: (target, classes, a constant prediction that does best)
    "cross_entropy": (torch.tensor([0, 0, 0, 1, 2, 2] * 10_000), 3, None),
    "bce": (torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]), 0, None),
    "mse": (torch.tensor([[1.0, 4.0], [3.0, 8.0], [5.0, 0.0]]), 0, None),
}


@pytest.mark.parametrize("kind", BASELINES)
def test_baseline_is_the_loss_of_the_best_constant_answer(kind):
    target, classes, _ = BASELINES[kind]
    got = summarise_targets(kind, target, classes).baseline()
    # The best constant by gradient descent on torch's own loss.
    width = classes or target.shape[1]
    constant = torch.zeros(width, requires_grad=True)
    optimizer = torch.optim.LBFGS([constant], max_iter=200)
    loss = {
        "cross_entropy": F.cross_entropy,
        "bce": F.binary_cross_entropy_with_logits,
        "mse": F.mse_loss,
    }[kind]

    def closure():
        optimizer.zero_grad()
        value = loss(constant.expand(len(target), width), target)
        value.backward()
        return value

    optimizer.step(closure)
    assert got == pytest.approx(closure().item(), rel=1e-4)


def test_targets_merge():
    target = torch.tensor([0, 0, 0, 1, 2, 2] * 100)
    parts = summarise_targets("cross_entropy", target[:2], 3) + summarise_targets(
        "cross_entropy", target[2:], 3
    )
    assert parts.baseline() == pytest.approx(
        summarise_targets("cross_entropy", target, 3).baseline()
    )


def test_ignored_targets_do_not_count():
    target = torch.tensor([0, 1, -100, -100] * 100)
    # two classes, one each: ln 2
    assert summarise_targets("cross_entropy", target, 2).baseline() == pytest.approx(math.log(2))


def test_rows_that_are_copies_of_the_first():
    weight = torch.randn(5, 4)
    assert measured(weight, None, weight)[0].alike == 0
    weight[2] = weight[0]
    assert measured(weight, None, weight)[0].alike == 0.25  # 1 of the 4 others
    assert measured(torch.zeros(5, 4), None, weight)[0].alike == 1
    assert math.isnan(measured(torch.zeros(5), None, torch.ones(5))[0].alike)


def test_what_lay_in_a_gradient_before_the_backward_pass():
    weight, there = torch.randn(3, 4), torch.full((3, 4), -0.5)
    before = sample(weight, there, left(there))
    assert left_rms(before, weight) == pytest.approx(0.5)
    before = sample(weight, there, left(None))
    assert left_rms(before, weight) == 0
    assert math.isnan(measured(weight, there, weight)[0].left_rms)  # nobody has looked
