"""Several processes that train one network: told as one, equal to one process on all the data."""

from __future__ import annotations

import dataclasses
import math
import os
import sys

import pytest
import torch

from acceptance.runs import SCRIPTS, _outcome, stetho, weights
from stetho.observe.unseen import Unseen
from stetho.store import read_run

TRAIN = SCRIPTS / "ranks" / "train.py"
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node", 2)
pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="this torch has no torch.distributed"
)


def torchrun(*arguments, cwd):
    return _outcome([sys.executable, "-m", *map(str, (*TORCHRUN, *arguments))], cwd)


def plainly(*arguments, cwd):
    """torchrun without us: now and then its ranks fail to meet or to part on a busy machine."""
    for _ in range(3):
        done = torchrun(*arguments, cwd=cwd)
        if done.code == 0:
            break
    return done


def by_stetho(*arguments, cwd):
    """`stetho run -m torch.distributed.run … train.py …`: the launcher itself is run."""
    return stetho("run", "--every", 1, "-o", "run.stetho", "-m", *TORCHRUN, *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """One process on the joined batch."""
    folder = tmp_path_factory.mktemp("alone")
    done = stetho("run", "--every", 1, "-o", "run.stetho", TRAIN, "plain", "out.pt", cwd=folder)
    assert done.code == 0, done.stderr
    return read_run(folder / "run.stetho")


def assert_close(mine, theirs, where, **tolerance):
    for field in dataclasses.fields(mine):
        got, expected = getattr(mine, field.name), getattr(theirs, field.name)
        at = f"{where}: {field.name}"
        if field.name == "histogram":
            # z moves by a rounding: a few may change their bin
            assert sum(got) == sum(expected), at
            assert sum(abs(a - b) for a, b in zip(got, expected)) <= 4, at
        elif isinstance(expected, float) and math.isnan(expected):
            assert math.isnan(got), at
        else:
            assert got == pytest.approx(expected, rel=1e-3, abs=1e-7), at


def same_run(merged, alone, skip=()):
    assert [site.name for site in merged.sites] == [site.name for site in alone.sites]
    assert [layer.weight for layer in merged.layers] == [layer.weight for layer in alone.layers]
    assert merged.loss_steps == alone.loss_steps
    assert merged.losses == pytest.approx(alone.losses, rel=1e-5)
    assert [probe.step for probe in merged.probes] == [probe.step for probe in alone.probes]
    assert [math.isnan(probe.baseline) for probe in alone.probes] == [True, *5 * [False]]
    for mine, theirs in zip(merged.probes, alone.probes):
        assert mine.loss == pytest.approx(theirs.loss, rel=1e-5)
        # not known from the first probe's 64 samples
        assert mine.baseline == pytest.approx(theirs.baseline, rel=1e-6, nan_ok=True)
        for table in ("sites", "layers", "parameters"):
            assert set(getattr(mine, table)) == set(getattr(theirs, table))
            for name, stats in getattr(mine, table).items():
                kept = {key: math.nan for key in skip if hasattr(stats, key)}
                one = dataclasses.replace(stats, **kept)
                other = dataclasses.replace(getattr(theirs, table)[name], **kept)
                assert_close(one, other, f"step {mine.step}, {name}")


@pytest.mark.parametrize("how", ["ddp", "fsdp"])
def test_two_ranks_are_told_as_one_process_on_the_joined_batch(how, alone, tmp_path):
    plain = plainly(TRAIN, how, "plain.pt", cwd=tmp_path)
    ours = by_stetho(TRAIN, how, "ours.pt", cwd=tmp_path)
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout) == (0, "trained on 2\n")
    pairs = zip(weights(tmp_path / "ours.pt"), weights(tmp_path / "plain.pt"), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)
    merged = read_run(tmp_path / "run.stetho")
    said = (Unseen.SHARDED.value,) if how == "fsdp" else ()
    assert (merged.unseen, merged.faults) == (said, ())
    assert "ranks 0 to 1 of 2" in merged.device
    # Of sharded biases no rank has the whole: whether it is they that silence a unit is not told.
    same_run(merged, alone, skip=("dead_by_bias", "saturated_by_bias") if how == "fsdp" else ())
    assert sorted(os.listdir(tmp_path)) == ["ours.pt", "plain.pt", "run.stetho"]


def test_flat_parameters_are_named_and_sites_are_seen_all_the_same(alone, tmp_path):
    plain = plainly(TRAIN, "flat", "plain.pt", cwd=tmp_path)
    ours = by_stetho(TRAIN, "flat", "ours.pt", cwd=tmp_path)
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout) == (0, "trained on 2\n")
    pairs = zip(weights(tmp_path / "ours.pt"), weights(tmp_path / "plain.pt"), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)
    merged = read_run(tmp_path / "run.stetho")
    assert merged.faults == ()
    assert Unseen.FLAT.value in merged.unseen
    assert merged.losses == pytest.approx(alone.losses, rel=1e-4)
    for mine, theirs in zip(merged.probes[:2], alone.probes[:2]):
        for name in ("relu", "act/gelu"):
            assert mine.sites[name].count == theirs.sites[name].count
            assert mine.sites[name].down_rms == pytest.approx(theirs.sites[name].down_rms, rel=1e-3)


def test_lightning_starts_its_ranks_itself(tmp_path):
    pytest.importorskip("lightning")
    script = SCRIPTS / "frameworks" / "with_lightning.py"
    plain = _outcome([sys.executable, str(script), "plain.pt", "2"], tmp_path)
    ours = stetho("run", "--every", 2, "-o", "run.stetho", script, "ours.pt", 2, cwd=tmp_path)
    assert (ours.code, plain.code) == (0, 0), ours.stderr
    assert ours.stderr.count("── stetho ──") == 1
    pairs = zip(weights(tmp_path / "ours.pt"), weights(tmp_path / "plain.pt"), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)
    merged = read_run(tmp_path / "run.stetho")
    assert (merged.unseen, merged.faults) == ((), ())
    assert "ranks 0 to 1 of 2" in merged.device
    # 2 ranks, 2 batches of 32 in a step, 32 units; 256 samples in 2 steps, 4 times
    assert merged.probes[0].sites["net.1/relu"].count == 2 * 2 * 32 * 32
    assert len(merged.losses) == 8


def test_torchrun_may_start_stetho_in_each_rank(alone, tmp_path):
    options = ("-m", "stetho", "run", "--every", 1, "-o", "run.stetho")
    done = torchrun(*options, TRAIN, "ddp", "ours.pt", cwd=tmp_path)
    assert (done.code, done.stdout) == (0, "trained on 2\n"), done.stderr
    assert done.stderr.count("── stetho ──") == 1, "the first rank reports, and it alone"
    same_run(read_run(tmp_path / "run.stetho"), alone)
    assert sorted(os.listdir(tmp_path)) == ["ours.pt", "run.stetho"]


def test_ranks_of_one_run_probe_the_same_steps_within_a_budget(tmp_path):
    done = stetho("run", "-o", "run.stetho", "-m", *TORCHRUN, TRAIN, "ddp", "o.pt", cwd=tmp_path)
    run = read_run(tmp_path / "run.stetho")
    assert done.code == 0, done.stderr
    assert run.unseen == (), "no rank was missing at any probe"
    assert [probe.step for probe in run.probes][:2] == [0, 1]


@pytest.mark.parametrize("first", ["stetho", "torchrun"])
def test_a_recipe_reaches_the_ranks(first, tmp_path):
    swap = ("run", "--with", "elu", "--every", 1, "-o", "run.stetho")
    if first == "stetho":
        done = stetho(*swap, "-m", *TORCHRUN, TRAIN, "ddp", "o.pt", cwd=tmp_path)
    else:
        done = torchrun("-m", "stetho", *swap, TRAIN, "ddp", "o.pt", cwd=tmp_path)
    assert (done.code, done.stdout) == (0, "trained on 2\n"), done.stderr
    run = read_run(tmp_path / "run.stetho")
    assert run.unseen == ()
    assert "ranks 0 to 1 of 2" in run.device
    assert "elu" in {site.function.name for site in run.sites}
    assert "relu" not in {site.function.name for site in run.sites}
