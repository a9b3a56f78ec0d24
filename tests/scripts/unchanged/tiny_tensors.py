"""Empty batches, scalars, batches of one, integers and booleans through activation functions."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
scale = nn.Parameter(torch.tensor(0.5))
optimizer = torch.optim.SGD([*model.parameters(), scale], lr=0.1)
for count in (0, 1, 8, 0, 3):
    whole = torch.relu(torch.arange(-3, 3)).sum()
    loss = model(torch.randn(count, 4)).sum() + torch.tanh(scale) + whole
    loss = loss + torch.sigmoid(torch.randn(0, 3)).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), scale.grad.item())
tell(model, scale, optimizer)
