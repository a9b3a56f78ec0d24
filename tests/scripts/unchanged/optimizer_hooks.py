"""Hooks of the user on one optimizer and on all of them."""

import torch
from state import seed, tell
from torch import nn
from torch.optim import optimizer as hooks

seed()
log = []
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
optimizer.register_step_pre_hook(lambda opt, args, kwargs: log.append("before"))
optimizer.register_step_post_hook(lambda opt, args, kwargs: log.append("after"))
optimizer.register_state_dict_post_hook(lambda opt, state: log.append("state"))
first = hooks.register_optimizer_step_pre_hook(lambda opt, args, kwargs: log.append("all before"))
last = hooks.register_optimizer_step_post_hook(lambda opt, args, kwargs: log.append("all after"))
for _ in range(5):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), len(log))
first.remove()
last.remove()
print(log)
tell(model, optimizer)
