"""What ranks hand each other: whole through bytes, and one when added up."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from stetho import activations
from stetho.summarise import parameters
from stetho.summarise.exchange import Follower, Leader
from stetho.summarise.gradients import gradient_stats, summarise_gradient
from stetho.summarise.layers import summarise_layer
from stetho.summarise.parts import ProbeParts, SiteTotal, pack, together, unpack
from stetho.summarise.site import summarise_site
from stetho.summarise.targets import summarise_targets

TANH = activations.get("tanh").facts


def site(z, gradient):
    summary = summarise_site(z, torch.tanh(z), TANH, 1)
    return SiteTotal(summary, summarise_gradient(gradient), summarise_gradient(2 * gradient), None)


def probe(z, step=3, loss=1.0, width=None):
    gradient = torch.linspace(-1, 1, z.numel()).view_as(z)
    weight = torch.randn(4, width or z.shape[1])
    sums, _ = parameters.parameter_sums(parameters.sample(weight, weight), 2 * weight, None, True)
    labels = torch.arange(len(z)) % 3
    return ProbeParts(
        step=step,
        elapsed=0.5,
        lr=(0.1, 0.2),
        loss=loss,
        sites={"act/tanh": site(z, gradient)},
        layers={"first": summarise_layer(z, conv=False, features=True)},
        parameters={"weight": sums},
        targets=summarise_targets("cross_entropy", labels, 3),
    )


def flat(value):
    """Every tensor in a tree of dataclasses and tables."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return [tensor for one in value.values() for tensor in flat(one)]
    if dataclasses.is_dataclass(value):
        return flat({one.name: getattr(value, one.name) for one in dataclasses.fields(value)})
    return []


def test_parts_go_through_bytes_and_come_out_as_they_were():
    torch.manual_seed(0)
    before = probe(torch.randn(10, 6), loss=math.nan)
    after = unpack(pack(before))
    assert (after.step, after.elapsed, after.lr) == (3, 0.5, (0.1, 0.2))
    assert math.isnan(after.loss)
    assert after.parameters["weight"].sharded is True
    pairs = list(zip(flat(before), flat(after), strict=True))
    assert sum(mine.numel() for mine, _ in pairs) > 150
    for mine, theirs in pairs:
        torch.testing.assert_close(mine.double(), theirs.double(), rtol=0, atol=0, equal_nan=True)


def test_the_whole_is_the_joined_batch_of_a_mean_loss():
    torch.manual_seed(0)
    z = torch.randn(12, 6) + 100
    ranks = [probe(half, loss=loss) for half, loss in zip(z.chunk(2), (1.0, 3.0))]
    said = []
    whole = together(ranks, said.append)
    assert said == []
    assert whole.loss == 2.0
    joined = summarise_site(z, torch.tanh(z), TANH, 1)
    torch.testing.assert_close(
        whole.sites["act/tanh"].summary.row(), joined.row(), rtol=1e-5, atol=1e-5
    )
    # Each rank's gradient is that of its own mean loss, twice what it is of the mean of both.
    gradients = torch.cat([torch.linspace(-1, 1, 36)] * 2) / 2
    got = gradient_stats(whole.sites["act/tanh"].up.numbers.tolist())
    expected = gradient_stats(summarise_gradient(gradients).numbers.tolist())
    assert got == pytest.approx(expected)
    assert whole.targets.first.tolist() == [4, 4, 4]  # 4 of 12 in each class


def test_shards_are_added_and_copies_are_not():
    torch.manual_seed(0)
    weight, gradient = torch.randn(6, 4), torch.randn(6, 4)

    def sums(rows, sharded):
        before = parameters.sample(weight[rows], gradient[rows])
        return parameters.parameter_sums(
            before, 1.1 * weight[rows], weight[rows].double(), sharded
        )[0]

    def one(parts):
        return parameters.parameter_stats(together(parts, print).parameters["w"].numbers.tolist())

    whole = parameters.parameter_stats(sums(slice(None), False).numbers.tolist())
    shards = [
        ProbeParts(step=0, elapsed=0.0, lr=(), loss=0.0, parameters={"w": sums(rows, True)})
        for rows in (slice(0, 4), slice(4, 6), slice(6, 6))  # the last rank has none
    ]
    copies = [
        ProbeParts(step=0, elapsed=0.0, lr=(), loss=0.0, parameters={"w": sums(slice(None), False)})
        for _ in range(3)
    ]
    for got in (one(shards), one(copies)):
        for name in (field.name for field in dataclasses.fields(whole)):
            assert getattr(got, name) == pytest.approx(getattr(whole, name), nan_ok=True), name


def test_ranks_that_differ_are_told():
    torch.manual_seed(0)
    first, second = probe(torch.randn(10, 6)), probe(torch.randn(10, 5), width=6)
    second.sites["extra"] = second.sites["act/tanh"]
    said = []
    whole = together([first, second], said.append)
    assert any("act/tanh: rank 1 has another shape" in sentence for sentence in said)
    assert any("extra: only some of the ranks" in sentence for sentence in said)
    assert float(whole.sites["act/tanh"].summary.samples) == 10


def test_the_leader_writes_one_probe_later_and_the_rest_at_the_end(tmp_path):
    folder = tmp_path / "ranks"
    folder.mkdir()
    leader, follower = Leader(folder, 2), Follower(folder, 1)
    said = []
    z = torch.randn(8, 6)
    for step in (0, 1, 2):
        own = probe(z, step, loss=1.0)
        if step != 1:  # the follower misses one
            assert next(iter(follower.probe(probe(z, step, loss=2.0), said.append))).step == step
        follower.losses([step], [2.0], last=False)
        steps, losses = leader.losses([step], [1.0], last=False)
        assert (steps, losses) == ([step], [1.5])
        written = [(parts.step, parts.loss) for parts in leader.probe(own, said.append)]
        assert written == [[], [(0, 1.5)], [(1, 1.0)]][step]
    assert said == ["rank 1 of this machine gave no numbers for some steps: left out there"]
    follower.losses([3], [4.0], last=True)
    list(follower.rest(said.append))
    assert leader.losses([3, 4], [2.0, 5.0], last=True) == ([3, 4], [3.0, 5.0])
    assert [(parts.step, parts.loss) for parts in leader.rest(said.append)] == [(2, 1.5)]
    assert not folder.exists()
    follower.probe(probe(z, 5), said.append)  # too late: nobody minds
