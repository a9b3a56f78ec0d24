"""Scripts that the engines' tests race: small, and each with a fate of its own."""

from __future__ import annotations

from pathlib import Path

from stetho.trials.trial import Script

SMALL = """
import torch
from torch import nn

torch.manual_seed(1)
x = torch.randn(128, 8)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(EPOCHS):
    for batch in torch.randperm(128).split(32):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        FATE
        optimizer.step()
    with torch.no_grad():
        held = nn.functional.cross_entropy(model(x), y)
    REPORT
"""
FATES = {
    "raises": "if isinstance(model[1], nn.ELU): raise RuntimeError('no ELU in here')",
    "diverges": "if isinstance(model[1], nn.ELU): model[0].weight.data *= float('nan')",
    "is killed": "if isinstance(model[1], nn.ELU): import os; os.kill(os.getpid(), 9)",
    "needs memory": "if isinstance(model[1], nn.ELU): hoard = torch.ones(400_000_000)",
    "hangs": "if isinstance(model[1], nn.ELU): __import__('time').sleep(0.2)",
    "leaves": "if isinstance(model[1], nn.ELU): raise SystemExit(5)",
}


def small(folder: Path, fate: str = "pass", epochs: int = 10, report: str = "pass") -> Script:
    text = SMALL.replace("FATE", fate).replace("EPOCHS", str(epochs)).replace("REPORT", report)
    file = folder / "small.py"
    file.write_text(text)
    return Script(str(file), folder=str(folder))
