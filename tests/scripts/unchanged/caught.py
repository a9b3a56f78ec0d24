"""Exceptions in forward, in backward, in hooks and in a step that the script catches."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def fails(*args):
    raise LookupError("a hook of the user fails")


for step in range(14):
    x = torch.randn(8, 4)
    handle = None
    if step == 2:
        x = torch.randn(8, 3)
    if step == 4:
        handle = model[1].register_forward_hook(fails)
    if step == 6:
        handle = model[3].register_forward_pre_hook(fails)
    if step == 8:
        handle = model[2].register_full_backward_hook(fails)
    if step == 10:
        handle = model[0].weight.register_hook(fails)
    if step == 12:
        handle = optimizer.register_step_pre_hook(fails)
    try:
        loss = model(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(loss.item())
    except (RuntimeError, LookupError) as error:
        print("caught", type(error).__name__, error)
        depth, trace = 0, error.__traceback__
        while trace is not None:
            depth, trace = depth + 1, trace.tb_next
        print(depth, "frames")
    if handle is not None:
        handle.remove()
tell(model, optimizer)
