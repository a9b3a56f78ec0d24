"""Parameters, layers and whole parts replaced, added and removed in mid-run."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(10):
    if step == 2:
        model[0].weight = nn.Parameter(torch.randn(8, 4))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    if step == 4:
        model.insert(2, nn.Linear(8, 8))
        model.insert(3, nn.Tanh())
        optimizer.add_param_group({"params": model[2].parameters(), "lr": 0.05})
    if step == 6:
        model[0].weight.data = torch.randn(8, 4)
        model[0].bias.data.zero_()
    if step == 8:
        del model[2:4]
        model[1] = nn.ELU()
        optimizer = torch.optim.Adam(model.parameters())
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, loss.item())
tell(model, optimizer)
