"""An activation function that refuses its input: no frame of another tool in the traceback."""

import torch
from state import seed
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    out = model(torch.randn(8, 4))
    loss = nn.functional.relu(out if step < 3 else "a word").square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
