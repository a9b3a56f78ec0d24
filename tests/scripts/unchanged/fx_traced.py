"""Symbolic tracing, make_fx, and training of the graph module."""

import torch
from state import seed, tell
from torch import fx, nn
from torch.fx.experimental.proxy_tensor import make_fx

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    if step == 2:
        traced = fx.symbolic_trace(model)
        print([str(node.target) for node in traced.graph.nodes])
        low = make_fx(lambda x: model(x).relu())(torch.randn(3, 4))
        print([str(node.target) for node in low.graph.nodes])
    net = model if step < 2 else traced
    loss = net(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)
