"""Scripts of several processes that each do their own: run as ever, and what trains is seen."""

from __future__ import annotations

import multiprocessing
import os

import pytest
import torch

from acceptance.runs import SCRIPTS, python, stetho, watched, weights
from stetho.store import read_run

PROCESSES = SCRIPTS / "processes"


def same_weights(folder, mine, theirs):
    pairs = zip(weights(folder / mine), weights(folder / theirs), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_loader_with_spawned_workers(tmp_path):
    script = PROCESSES / "spawned_loader.py"
    plain = python(script, "plain.pt", cwd=tmp_path)
    ours = watched("-o", "run.stetho", script, "ours.pt", cwd=tmp_path)
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout) == (0, "trained\n"), ours.stderr
    assert same_weights(tmp_path, "ours.pt", "plain.pt")
    assert [site["name"] for site in ours.result["sites"]] == ["1/relu"]
    assert ours.result["overhead"]["steps"] == 6
    assert (ours.result["unseen"], ours.result["faults"]) == ([], [])
    assert not (tmp_path / "run.stetho.processes").exists(), "workers leave nothing behind"


@pytest.mark.parametrize("how", ["spawn", "fork", "forkserver"])
def test_training_in_child_processes(how, tmp_path):
    if how not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {how}")
    script = PROCESSES / "children.py"
    plain = python(script, how, "plain.pt", cwd=tmp_path)
    ours = watched("-o", "run.stetho", script, how, "ours.pt", cwd=tmp_path)
    assert plain.stdout == "12 steps\nended with 12\n5 steps\nended with 5\n"
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout), ours.stderr
    for bend in ("ReLU", "Tanh"):
        assert same_weights(tmp_path, f"{bend}-ours.pt", f"{bend}-plain.pt")
    # The report is on the one that took more steps, and names the other one's run file.
    assert [site["name"] for site in ours.result["sites"]] == ["1/relu"]
    (sentence,) = ours.result["unseen"]
    assert sentence.startswith("other processes of the script trained as well: see ")
    other = read_run(sentence.rpartition(" ")[2])
    assert [site.name for site in other.sites] == ["1/tanh"]
    assert (other.exit_code, len(other.losses)) == (5, 5)
    kept = read_run(tmp_path / "run.stetho")
    assert len(kept.losses) == 12


def test_a_process_made_by_a_bare_fork_is_named(tmp_path):
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    fork = os.fork
    ours = watched("-o", "run.stetho", PROCESSES / "both.py", "os.fork", cwd=tmp_path)
    assert (ours.code, ours.result["faults"]) == (0, []), ours.stderr
    assert ours.result["unseen"] == [
        "the script made 1 process by os.fork, not watched: multiprocessing's are"
    ]
    assert ours.result["overhead"]["steps"] == 12
    assert os.fork is fork


@pytest.mark.parametrize("how", ["spawn", "fork"])
def test_a_recipe_that_a_process_has_not_got_is_named(how, tmp_path):
    if how not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {how}")
    script = PROCESSES / "both.py"
    ours = watched("--with", "elu", "-o", "run.stetho", script, how, cwd=tmp_path)
    assert ours.code == 0, ours.stderr
    assert [site["function"] for site in ours.result["sites"]] == ["elu"]
    first, second = ours.result["unseen"]
    assert first.startswith("--with elu did not reach processes that the script starts by itself")
    assert "stetho.swap" in first
    (file,) = (tmp_path / "run.stetho.processes").glob("*.stetho")
    assert str(file) in first
    assert [site.function.name for site in read_run(file).sites] == ["tanh"]
    assert second.startswith("other processes of the script trained as well")


def test_a_recipe_for_processes_alone_is_refused(tmp_path):
    script = PROCESSES / "children.py"
    ran = stetho("run", "--with", "elu", script, "spawn", "out.pt", cwd=tmp_path)
    assert ran.code == 2
    assert "--with does not reach processes that a script starts by itself" in ran.stderr
