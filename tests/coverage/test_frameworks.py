"""Scripts that leave the training loop to a framework: `stetho run` as it is, bit for bit."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from acceptance.runs import SCRIPTS, python, watched, weights
from stetho.store import read_run

# framework → sites, training steps
FRAMEWORKS = {
    "lightning": ({"net.1/relu", "net.3/tanh"}, 16),
    "trainer": (
        {
            "bert.encoder.layer.0.intermediate.intermediate_act_fn/gelu",
            "bert.encoder.layer.1.intermediate.intermediate_act_fn/gelu",
            "bert.pooler.activation/tanh",
        },
        12,
    ),
    "accelerate": ({"1/gelu"}, 16),
    "keras": ({"first/relu", "bent/gelu", "third/selu"}, 24),
}
PACKAGES = {"trainer": "accelerate"}  # which Hugging Face's Trainer needs


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_trains_as_ever_and_is_seen(name, tmp_path):
    if importlib.util.find_spec(PACKAGES.get(name, name)) is None:
        pytest.skip(f"{name} is not installed: pip install 'stetho[coverage]'")
    script = SCRIPTS / "frameworks" / f"with_{name}.py"
    plain = python(script, "plain.pt", cwd=tmp_path)
    ours = watched("--every", 2, "-o", "run.stetho", script, "ours.pt", cwd=tmp_path)
    assert plain.code == 0, plain.stderr
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout), ours.stderr
    pairs = zip(weights(tmp_path / "ours.pt"), weights(tmp_path / "plain.pt"), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)
    sites, steps = FRAMEWORKS[name]
    assert {site["name"] for site in ours.result["sites"]} == sites
    assert ours.result["overhead"]["steps"] == steps
    assert len(read_run(tmp_path / "run.stetho").losses) == steps
    assert (ours.result["unseen"], ours.result["faults"]) == ([], [])
