"""torch.export of the model in the middle of its training."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
    if step == 3:
        program = torch.export.export(model, (torch.randn(2, 4),))
        print(len(program.graph.nodes), [str(node.target) for node in program.graph.nodes])
        print(program.module()(torch.ones(2, 4)).sum().item())
        del program
tell(model, optimizer)
