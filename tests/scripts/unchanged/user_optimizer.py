"""An optimizer of the user's own, a subclass that overrides step, and a step patched by hand."""

import torch
from state import seed, tell
from torch import nn


class Signed(torch.optim.Optimizer):
    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.add_(parameter.grad.sign(), alpha=-group["lr"])
        return "stepped"


seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = Signed(model.parameters(), 0.01)
log = []
optimizer.step = lambda *args: log.append("mine") or Signed.step(optimizer, *args)
for _ in range(6):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    print(loss.item(), optimizer.step(), len(log))
del optimizer.step
tell(model, optimizer)
