"""The default dtype set to float64, models on the meta device, and devices by context."""

import torch
from state import seed, tell
from torch import nn

seed()
torch.set_default_dtype(torch.float64)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.device("meta"):
        big = nn.Sequential(nn.Linear(100_000, 100_000), nn.GELU())
        print(loss.item(), big(torch.randn(2, 100_000)).shape, torch.ones(1).device)
    if step == 3:
        torch.set_default_device("meta")
        ghost = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        of_ghost = torch.optim.SGD(ghost.parameters(), lr=0.1)
        ghost(torch.randn(4, 8)).sum().backward()
        of_ghost.step()
        print(ghost[0].weight.device, torch.get_default_device())
        torch.set_default_device("cpu")
torch.set_default_device(None)
tell(model, optimizer)
