"""A script with a function swapped by a trial trains as if its author had written that function."""

from __future__ import annotations

from pathlib import Path

import pytest

from stetho.trials.engine import Errand, InProcess
from stetho.trials.trial import Outcome, Scouting, Script, Trial

HEAD = """
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(3)
data = torch.randn(96, 20)
labels = (data[:, :4].sum(1) > 0).long()
"""
LOOP = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
for epoch in range(5):
    for batch in torch.randperm(96).split(32):
        optimizer.zero_grad()
        loss = LOSS
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
"""
CLASSES = LOOP.replace("LOSS", "F.cross_entropy(model(data[batch]), labels[batch])")
PROBABILITY = LOOP.replace(
    "LOSS", "F.binary_cross_entropy(model(data[batch]).squeeze(1), labels[batch].float())"
)

CALLS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.Linear(20, 16), nn.Linear(16, 16), nn.Linear(16, 2)

    def forward(self, x):
        x = torch.sigmoid(self.first(x))
        x = self.second(x).sigmoid()
        return self.head(x)

model = Net()
"""
IN_PLACE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(20, 16), nn.Linear(16, 16), nn.Linear(16, 16)])
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x), inplace=True)
        return self.head(x)

model = Net()
"""
MODULES = """
model = nn.Sequential(
    nn.Linear(20, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 1), nn.Sigmoid()
)
"""
ONE_LINE_FOR_ALL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(20, 16), nn.Linear(16, 16), nn.Linear(16, 1)])

    def forward(self, x):
        for number, layer in enumerate(self.layers):
            x = torch.sigmoid(layer(x))
        return x

model = Net()
"""
ONE_LINE_FOR_ALL_TWIN = ONE_LINE_FOR_ALL.replace(
    "torch.sigmoid(layer(x))", "torch.sigmoid(layer(x)) if number == 2 else F.elu(layer(x))"
)
ONE_MODULE_FOR_ALL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(20, 16), nn.Linear(16, 16), nn.Linear(16, 1)])
        self.act = nn.Sigmoid()

    def forward(self, x):
        for layer in self.layers:
            x = self.act(layer(x))
        return x

model = Net()
"""
OWN_MODULE = """
class Bent(nn.Module):
    def forward(self, x):
        return torch.where(x > 0, x, 0.2 * x)

model = nn.Sequential(nn.Linear(20, 16), Bent(), nn.Linear(16, 16), Bent(), nn.Linear(16, 2))
"""
CELL = """
class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.gates, self.read, self.head = nn.Linear(24, 32), nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, x):
        h = c = x.new_zeros(len(x), 8)
        for part in x.split(4, dim=1)[:4]:
            i, f, g, o = self.gates(torch.cat([part, h, x[:, :12]], 1)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.head(torch.tanh(self.read(h)))

model = Cell()
"""
NORMED = """
model = nn.Sequential(
    nn.Linear(20, 16), nn.BatchNorm1d(16), nn.Sigmoid(),
    nn.Linear(16, 16), nn.BatchNorm1d(16), nn.Sigmoid(), nn.Linear(16, 2)
)
"""
UNNORMED = NORMED.replace("nn.BatchNorm1d(16), ", "")
NO_MODULE = """
w = [torch.randn(20, 16) / 4, torch.randn(16, 2) / 4]
for one in w:
    one.requires_grad_()
"""
NO_MODULE_LOOP = CLASSES.replace("model.parameters()", "w").replace(
    "model(data[batch])", "torch.sigmoid(data[batch] @ w[0]) @ w[1]"
)
GPT = """
from transformers import GPT2Config, GPT2LMHeadModel
config = GPT2Config(vocab_size=24, n_positions=20, n_embd=16, n_layer=2, n_head=2,
                    activation_function="gelu_new", bos_token_id=None, eos_token_id=None)
model = GPT2LMHeadModel(config)
data = torch.randint(0, 24, (96, 20))
"""
GPT_LOOP = LOOP.replace("LOSS", "model(data[batch], labels=data[batch]).loss")


def both(
    tmp_path: Path, script: str, twin: str, candidate: str, pair: int = 0
) -> tuple[Scouting, Outcome, Outcome]:
    """The swapped script and its hand-edited twin."""
    outcomes = []
    scouting = None
    for name, text in (("script", script), ("twin", twin)):
        file = tmp_path / f"{name}.py"
        file.write_text(HEAD + text)
        target = Script(str(file), folder=str(tmp_path))
        engine = InProcess()
        trial = Trial(target, candidate, incumbent=True, pair=pair)
        if name == "script":
            scouting = engine.scout(Errand(trial, (candidate,)))
            trial = Trial(target, candidate, pair=pair, places=scouting.places)
        ((_, outcome),) = engine.run([trial])
        assert outcome.done, outcome.why
        outcomes.append(outcome)
    assert scouting is not None
    return scouting, *outcomes


EDITS = {
    "calls": (
        CALLS + CLASSES,
        [
            ("torch.sigmoid(self.first(x))", "F.elu(self.first(x))"),
            ("self.second(x).sigmoid()", "F.elu(self.second(x))"),
        ],
        "elu",
    ),
    "compiled": (
        CALLS + "model = torch.compile(model)\n" + CLASSES,
        [
            ("torch.sigmoid(self.first(x))", "F.elu(self.first(x))"),
            ("self.second(x).sigmoid()", "F.elu(self.second(x))"),
        ],
        "elu",
    ),
    "in place": (IN_PLACE + CLASSES, [("F.relu(", "F.elu(")], "elu"),
    "modules, not the output": (
        MODULES + PROBABILITY,
        [("16), nn.Sigmoid()", "16), nn.LeakyReLU(0.1)")],
        "leaky_relu:0.1",
    ),
    "learned": (MODULES + PROBABILITY, [("16), nn.Sigmoid()", "16), nn.PReLU()")], "prelu"),
    "one line for all": (
        ONE_LINE_FOR_ALL + PROBABILITY,
        [(ONE_LINE_FOR_ALL, ONE_LINE_FOR_ALL_TWIN)],
        "elu",
    ),
    "one module for all": (
        ONE_MODULE_FOR_ALL + PROBABILITY,
        [(ONE_MODULE_FOR_ALL, ONE_LINE_FOR_ALL_TWIN)],
        "elu",
    ),
    "a module of one's own": (OWN_MODULE + CLASSES, [(", Bent()", ", nn.GELU()")], "gelu"),
    "not the gates": (
        CELL + CLASSES,
        [("torch.tanh(self.read(h))", "F.silu(self.read(h))")],
        "silu",
    ),
    "with a normalisation": (UNNORMED + CLASSES, [(UNNORMED, NORMED)], "sigmoid+batchnorm"),
    "no module at all": (NO_MODULE + NO_MODULE_LOOP, [("torch.sigmoid(", "F.elu(")], "elu"),
    "a library's model": (GPT + GPT_LOOP, [("gelu_new", "relu")], "relu"),
}


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("pair", [0, 5])
def test_swapped_script_trains_as_its_hand_edited_twin(
    tmp_path: Path, name: str, pair: int
) -> None:
    script, edits, candidate = EDITS[name]
    twin = script
    for old, new in edits:
        assert old in twin
        twin = twin.replace(old, new)
    _, swapped, edited = both(tmp_path, script, twin, candidate, pair)
    assert swapped.losses == edited.losses  # bit for bit
    assert len(swapped.losses) == 15
