"""Hooks of the user on modules at every level, which change and count what passes."""

import torch
from state import seed, tell
from torch import nn

seed()
log = []
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.Sigmoid())
model.append(nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model[0].register_forward_hook(lambda module, args, out: out * 1.5)
model[0].register_forward_hook(lambda module, args, out: log.append("always"), always_call=True)
model[1].register_forward_pre_hook(lambda module, args: (args[0] + 0.1,))
model[1].register_forward_pre_hook(lambda module, args: log.append("first"), prepend=True)
model[2].register_full_backward_hook(lambda module, given, got: (given[0] * 0.5,))
model[3].register_full_backward_pre_hook(lambda module, got: (got[0] * 2,))
model[4].register_forward_hook(
    lambda module, args, kwargs, out: log.append(out.mean().item()), with_kwargs=True
)
for _ in range(6):
    loss = nn.functional.cross_entropy(model(torch.randn(16, 8)), torch.randint(0, 2, (16,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), len(log))
tell(model, optimizer, log)
