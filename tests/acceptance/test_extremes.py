"""Trainings of odd size and form: all is seen, nothing is kept alive, no fault."""

from __future__ import annotations

import asyncio
import gc

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho

FUNCTIONS = (torch.relu, torch.tanh, torch.sigmoid, F.gelu, F.silu)


class Nested(nn.Module):
    """One module inside of the other, `depth` times."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.inner = Nested(depth - 1) if depth else nn.Sequential(nn.Linear(8, 8), nn.Tanh())

    def forward(self, x):
        return self.inner(x)


class Body(nn.Module):
    """Two layers, and between them what `bend` does to the hidden units in a step."""

    def __init__(self, bend) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 2)
        self.bend, self.step = bend, 0

    def forward(self, x):
        hidden = self.first(x)
        for function in self.bend(self, self.step):
            hidden = function(hidden)
        return self.last(hidden)


def batch(step: int, size: int = 16):
    return torch.randn(size, 8), torch.randint(0, 2, (size,))


def train(model, optimizer, steps, size=lambda step: 16):
    for step in range(steps):
        x, y = batch(step, size(step))
        model.step = step
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def watched(model, steps, every=None, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with stetho.watch(model, optimizer, every=every) as seen:
        train(model, optimizer, steps, **options)
    assert seen.result.run.faults == ()
    return seen.result.run


def test_more_sites_in_a_row_than_python_may_nest_calls():
    run = watched(Body(lambda *_: [torch.relu] * 1500), steps=2)
    assert len(run.sites) == 1500
    assert all(not site.output for site in run.sites)


def test_modules_200_deep():
    run = watched(nn.Sequential(Nested(200), nn.Linear(8, 2)), steps=12)
    assert [site.function.name for site in run.sites] == ["tanh"]


def test_other_functions_and_batch_sizes_in_every_step():
    model = Body(lambda _, step: FUNCTIONS[: 1 + step % 5])
    run = watched(model, steps=60, size=lambda step: 1 + step % 37)
    assert {site.function.name for site in run.sites} == {"relu", "tanh", "sigmoid", "gelu", "silu"}


def test_new_modules_in_every_step():
    def made_anew(model, step):
        model.added = nn.Linear(8, 8)
        model.act = nn.ReLU() if step % 2 else nn.Tanh()
        return model.added, model.act

    run = watched(Body(made_anew), steps=60)
    assert {site.function.name for site in run.sites} == {"relu", "tanh"}


def test_one_watch_inside_of_another():
    outer, inner = (nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)) for _ in range(2))
    optimizer = torch.optim.SGD(outer.parameters(), lr=0.01)
    with stetho.watch(outer, optimizer) as seen:
        train(outer, optimizer, 12)
        assert len(watched(inner, 12).probes) == 12
        train(outer, optimizer, 12)
    run = seen.result.run
    assert run.faults == ()
    assert run.overhead.steps == 24
    assert [probe.step for probe in run.probes[:10]] == list(range(10))


def test_what_stands_outside_of_modules_is_seen_after_a_step_that_failed():
    model = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with stetho.watch(model, optimizer) as seen:
        with pytest.raises(TypeError):
            optimizer.step("no function")
        train(model, optimizer, 1)
    run = seen.result.run
    assert run.faults == ()
    assert run.criteria, "the loss function and its targets"


def test_trainings_that_take_turns_in_coroutines():
    async def one():
        model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        with stetho.watch(model, optimizer) as seen:
            for _ in range(12):
                train(model, optimizer, 1)
                await asyncio.sleep(0)
        return seen.result.run

    async def both():
        return await asyncio.gather(one(), one())

    for run in asyncio.run(both()):
        assert run.faults == ()
        assert (run.overhead.steps, len(run.probes)) == (12, 12)
        assert len(run.sites) == 1


ENDS = {
    "as it should": lambda model: None,
    "by an error in a layer": lambda model: model(torch.randn(3, 3)),
    "by Ctrl-C": lambda model: (_ for _ in ()).throw(KeyboardInterrupt),
    "by sys.exit": lambda model: (_ for _ in ()).throw(SystemExit),
    "with NaN in a weight": lambda model: model[0].weight.data.fill_(float("nan")),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_kept_alive_however_a_training_ends(end):
    def trained():
        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        try:
            with stetho.watch(model, optimizer, every=1):
                for step in range(8):
                    x, y = batch(step)
                    loss = F.cross_entropy(model(x), y)
                    optimizer.zero_grad()
                    loss.backward()
                    if step == 5:
                        ENDS[end](model)
                    optimizer.step()
        except BaseException:
            pass

    def alive():
        gc.collect()
        return sum(type(one) in (torch.Tensor, nn.Parameter, nn.Linear) for one in gc.get_objects())

    trained()  # what torch and we make once for good
    before = alive()
    for _ in range(3):
        trained()
    assert alive() == before
