"""Scripts of several processes that each do their own: run as ever, and what trains is seen."""

from __future__ import annotations

import multiprocessing

import pytest
import torch

from acceptance.runs import SCRIPTS, python, watched, weights
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
