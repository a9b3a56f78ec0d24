"""Several losses a step: retain_graph, backward with a gradient, with inputs, and of vectors."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for _ in range(6):
    out = model(torch.randn(8, 4))
    first, second = out[:, 0].square().mean(), out[:, 1].abs().mean()
    optimizer.zero_grad()
    first.backward(retain_graph=True)
    second.backward(torch.tensor(0.5), retain_graph=True)
    out.backward(torch.ones_like(out) * 0.01, retain_graph=True)
    torch.autograd.backward([first, second], inputs=list(model[2].parameters()))
    optimizer.step()
    print(first.item(), second.item())
tell(model, optimizer)
