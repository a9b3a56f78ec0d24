"""Warnings that torch gives out of C++: each names the script's line, once a line."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
some = torch.tensor([1, 0, 1, 1], dtype=torch.uint8)
for _ in range(5):
    output = model(torch.randn(4, 4))
    rows = output[some]
    row = rows[some[1:]]
    row = torch.relu(row.to(torch.complex64).to(torch.float32))
    loss = row.square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
    try:
        torch.relu(output, out=3)
    except TypeError as error:
        print(error)
tell(model, optimizer)
