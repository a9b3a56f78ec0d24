"""The script itself replaces functions of torch, and puts them back."""

import torch
from state import seed, tell
from torch import nn

seed()
log = []
original, relu = torch.autograd.backward, nn.functional.relu
call = nn.Module.__call__


def backward(*args, **kwargs):
    log.append("backward")
    return original(*args, **kwargs)


def soft(x, inplace=False):
    log.append("relu")
    return relu(x) + 0.1 * torch.sigmoid(x)


def counted(module, *args, **kwargs):
    log.append(type(module).__name__)
    return call(module, *args, **kwargs)


torch.autograd.backward = backward
nn.functional.relu = soft
nn.Module.__call__ = counted
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), len(log))
torch.autograd.backward = original
nn.functional.relu = relu
nn.Module.__call__ = call
tell(model, optimizer, log)
