"""An ensemble trained at once by stack_module_state, vmap and functional_call."""

import copy

import torch
from state import seed, tell
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

seed()
models = [nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)) for _ in range(3)]
parameters, buffers = stack_module_state(models)
base = copy.deepcopy(models[0]).to("meta")
optimizer = torch.optim.Adam(parameters.values(), lr=0.01)


def call(parameters, buffers, x):
    return functional_call(base, (parameters, buffers), (x,))


for _ in range(6):
    x, y = torch.randn(16, 4), torch.randint(0, 2, (16,))
    out = vmap(call, (0, 0, None))(parameters, buffers, x)
    loss = nn.functional.cross_entropy(out.reshape(-1, 2), y.repeat(3))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(parameters, optimizer)
