"""Modules that override `__call__`, `__getattr__` and `_call_impl`, and take odd arguments."""

import torch
from state import seed, tell
from torch import nn


class Loud(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 4)

    def __call__(self, *args, **kwargs):
        log.append("call")
        return super().__call__(*args, **kwargs)

    def __getattr__(self, name):
        if name == "width":
            return 4
        return super().__getattr__(name)

    def forward(self, *, x, scale=1.0, **rest):
        return {"out": torch.relu(self.body(x)) * scale, "rest": sorted(rest)}


class Patched(nn.Linear):
    def forward(self, x):
        return nn.functional.silu(super().forward(x))


seed()
log = []
model = Loud()
extra = Patched(4, 1)
extra.forward = lambda x: log.append("patched") or Patched.forward(extra, x)
optimizer = torch.optim.SGD([*model.parameters(), *extra.parameters()], lr=0.1)
for _ in range(5):
    out = model(x=torch.randn(8, model.width), scale=2.0, note="n")
    loss = extra(out["out"]).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), out["rest"], len(log))
del extra.forward
tell(model, extra, optimizer)
