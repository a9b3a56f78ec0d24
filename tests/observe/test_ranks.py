"""Which ranks are told together, and which steps all of them probe."""

from __future__ import annotations

import pytest
import torch.distributed as dist
from torch.testing._internal.distributed.fake_pg import FakeStore

from stetho.observe.ranks import Group, RankSchedule, find_group
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
def test_all_ranks_probe_the_same_steps(given, tmp_path):
    """Each rank ends a step at its own time, but none before all have begun it."""
    groups = [Group(place, 3, place, 3, tmp_path / "ranks") for place in range(3)]
    leader, *others = [RankSchedule(Schedule(**given), group) for group in groups]
    probed = {0: [], 1: [], 2: []}
    for step in range(1, 400):
        # The leader begins step n before a follower can begin step n + 1.
        for place, schedule in enumerate([leader, *others]):
            if schedule.wants(step):
                probed[place].append(step)
        if step in (37, 200):
            for schedule in [leader, *others]:
                schedule.force(step + 1)
    assert probed[1] == probed[2] == probed[0]
    assert probed[0] == sorted(set(probed[0]))
    extra = {step for step in probed[0] if not Schedule(**given).wants(step)}
    added = {*range(39, 49), *range(202, 212)} if "budget" in given else set()
    assert extra == {step for step in added if not Schedule(**given).wants(step)}
