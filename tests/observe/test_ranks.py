"""Which ranks are told together, and which steps all of them probe."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
from torch.testing._internal.distributed.fake_pg import FakeStore

from stetho.observe.ranks import FollowingSchedule, Group, LeadingSchedule, find_group
from stetho.observe.schedule import Schedule


@pytest.fixture
def four_ranks():
    """This process as rank 2 of 4, without the others."""
    dist.init_process_group("fake", rank=2, world_size=4, store=FakeStore())
    yield
    dist.destroy_process_group()


def test_without_torch_distributed_there_is_no_group():
    assert find_group() is None


def test_all_ranks_are_told_together_where_nothing_says_otherwise(four_ranks, monkeypatch):
    for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    found = find_group()
    assert (found.place, found.size, found.rank, found.world) == (2, 4, 2, 4)


def test_ranks_of_another_machine_are_none_of_ours(four_ranks, monkeypatch):
    """Ranks 2 and 3 of 4 run here: the first of them leads."""
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    found = find_group()
    assert (found.place, found.size, found.rank, found.world) == (0, 2, 2, 4)


def test_ranks_of_one_launch_meet_in_one_folder(four_ranks, monkeypatch):
    monkeypatch.setenv("MASTER_PORT", "1234")
    mine = find_group().folder
    assert mine == find_group().folder
    monkeypatch.setenv("MASTER_PORT", "1235")
    assert mine != find_group().folder


@pytest.mark.parametrize("given", [{"budget": 0.05}, {"every": 3}])
def test_followers_probe_what_the_leader_has_decided(given, tmp_path):
    """Each rank ends a step at its own time, but none before all have begun it."""
    groups = [Group(place, 3, place, 3, tmp_path / "ranks") for place in range(3)]
    leader = LeadingSchedule(Schedule(**given), groups[0], 1)
    others = [FollowingSchedule(Schedule(**given), group, 1) for group in groups[1:]]
    generator = torch.Generator().manual_seed(0)
    probed = {0: [], 1: [], 2: []}
    elapsed = 0.0
    for step in range(1, 400):
        # The leader begins step n before a follower can begin step n + 1.
        wanted = leader.wants(step, elapsed)
        for place, follower in enumerate(others, start=1):
            if follower.wants(step, 100.0):  # of its own clock it would not
                probed[place].append(step)
        if wanted:
            probed[0].append(step)
            leader.probe_step(0.02, 0.01)
        else:
            leader.plain_step(0.01)
        elapsed += 0.01 + float(torch.rand((), generator=generator)) * 0.01
    assert probed[1] == probed[2] == probed[0]
    assert len(probed[0]) > 10
    assert probed[0][0] == 1
