"""Hooks of the user on tensors, on graph nodes, and after a gradient is accumulated."""

import torch
from state import seed, tell
from torch import nn
from torch.autograd.graph import register_multi_grad_hook

seed()
log = []
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for parameter in model.parameters():
    parameter.register_hook(lambda grad: grad * 0.9)
    parameter.register_post_accumulate_grad_hook(lambda p: log.append(p.grad.sum().item()))
for _ in range(6):
    z = model[0](torch.randn(8, 4))
    z.retain_grad()
    a = model[1](z)
    handle = a.register_hook(lambda grad: grad.clamp(-0.1, 0.1))
    a.grad_fn.register_prehook(lambda got: log.append(len(got)))
    a.grad_fn.register_hook(lambda given, got: log.append(len(given)))
    together = register_multi_grad_hook((z, a), lambda grads: log.append(len(grads)))
    loss = model[2](a).square().mean()
    optimizer.zero_grad()
    loss.backward()
    handle.remove()
    together.remove()
    optimizer.step()
    print(loss.item(), z.grad.norm().item(), len(log))
tell(model, optimizer, log)
