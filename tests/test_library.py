"""The names that `import stetho` offers, used as the README shows them."""

from __future__ import annotations

import gc
import importlib.util
import sqlite3
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho
from stetho.errors import UnhealthyError, UsageError


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


def mlp(depth=3, act=nn.ReLU, width=32):
    layers = [m for _ in range(depth) for m in (nn.Linear(width, width), act())]
    return nn.Sequential(*layers, nn.Linear(width, 4))


def batch(width=32):
    return torch.randn(64, width), torch.randint(0, 4, (64,))


def train(model, optimizer, steps=30):
    x, y = batch()
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def test_public_names_are_sorted_complete_and_there():
    assert stetho.__all__ == sorted(stetho.__all__)
    for name in stetho.__all__:
        assert getattr(stetho, name) is not None
    assert {"watch", "check", "assert_healthy", "register"} <= set(stetho.__all__)
    assert set(stetho.__all__) <= set(dir(stetho))
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = stetho.absent


def test_the_package_is_typed():
    spec = importlib.util.find_spec("stetho")
    from pathlib import Path

    assert (Path(spec.origin).parent / "py.typed").exists()


def test_watch_diagnoses_a_loop_of_ones_own(tmp_path):
    model = mlp(12, nn.Sigmoid)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with stetho.watch(model, optimizer, file=tmp_path / "a.stetho") as seen:
        train(model, optimizer, 120)
    findings = {finding.rule: finding for finding in seen.result.diagnosis.findings}
    assert "vanishing-gradient" in findings
    assert "By depth" in str(seen.result)
    assert sqlite3.connect(tmp_path / "a.stetho").execute("select 1").fetchone()


def test_watch_sees_the_given_model_only():
    model, other = mlp(2), mlp(2, nn.Tanh)
    optimizer = torch.optim.SGD([*model.parameters(), *other.parameters()], lr=0.1)
    x, y = batch()
    with stetho.watch(model, optimizer, every=1) as seen:
        for _ in range(3):
            optimizer.zero_grad()
            (F.cross_entropy(model(x), y) + F.cross_entropy(other(x), y)).backward()
            optimizer.step()
    assert {site.function.name for site in seen.result.run.sites} == {"relu"}


def test_watch_refuses_what_is_no_model_and_has_no_result_too_early():
    with pytest.raises(UsageError, match=r"expected a torch\.nn\.Module"):
        stetho.watch(torch.optim.SGD(mlp().parameters(), lr=1))
    with pytest.raises(UsageError, match="has ended"):
        _ = stetho.watch(mlp()).result


def test_watch_keeps_no_model_alive():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with stetho.watch(model, optimizer) as seen:
        train(model, optimizer)
    alive = weakref.ref(model)
    result = seen.result
    del model, optimizer, seen
    gc.collect()
    assert alive() is None
    assert result.run.sites


def state_of(model):
    return (
        {name: value.clone() for name, value in model.state_dict().items()},
        torch.get_rng_state(),
        [parameter.grad for parameter in model.parameters()],
        model.training,
        {name: len(module._forward_hooks) for name, module in model.named_modules()},
    )


@pytest.mark.parametrize("mode", [True, False])
def test_check_leaves_the_model_as_found(mode):
    model = nn.Sequential(
        nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 4)
    ).train(mode)
    data = batch()
    before = state_of(model)
    result = stetho.check(model, data)
    after = state_of(model)
    for name in before[0]:
        assert torch.equal(before[0][name], after[0][name])
    assert torch.equal(before[1], after[1])
    assert before[2:] == after[2:]
    assert [site.name for site in result.run.sites] == ["2/relu"]


def test_check_draws_from_a_copy_of_the_random_state():
    model = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 4))
    data = batch()
    state = torch.get_rng_state()
    stetho.check(model, data)
    assert torch.equal(torch.get_rng_state(), state)


def test_check_takes_batches_as_people_have_them():
    model = mlp(2)
    x, y = batch()
    assert stetho.check(model, x).run.sites
    assert stetho.check(model, (x, y)).run.sites
    assert stetho.check(model, [(x, y), (x, y)]).run.sites
    assert stetho.check(model, (x, y), loss=lambda out, y: F.cross_entropy(out, y)).run.sites

    class Keywords(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = mlp(2)

        def forward(self, features, labels=None):
            out = self.inner(features)
            return {"loss": F.cross_entropy(out, labels), "logits": out}

    assert stetho.check(Keywords(), {"features": x, "labels": y}).run.sites


def test_check_refuses_a_loss_that_is_no_scalar_of_the_model():
    with pytest.raises(UsageError, match="scalar"):
        stetho.check(mlp(2), batch(), loss=lambda out, y: out)
    assert not torch.overrides._get_current_function_mode_stack()
    assert not torch.nn.modules.module._global_forward_hooks


def test_assert_healthy_passes_and_fails():
    stetho.assert_healthy(mlp(3), batch())
    deep = mlp(20, nn.Sigmoid)
    with pytest.raises(UnhealthyError, match="vanishing-gradient"):
        stetho.assert_healthy(deep, batch())
    broken = mlp(2)
    with torch.no_grad():
        broken[0].weight[0, 0] = float("nan")
    with pytest.raises(UnhealthyError, match="NaN or infinity"):
        stetho.assert_healthy(broken, batch(), severity="fault")
    with pytest.raises(UsageError, match="note, warning, fault"):
        stetho.assert_healthy(mlp(2), batch(), severity="bad")
