"""detach, requires_grad_ layer by layer, in-place activations, gradients cleared by hand."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 8), nn.ELU(inplace=True))
model.append(nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for step in range(9):
    model[0].requires_grad_(step % 3 != 0)
    model[2].requires_grad_(step % 3 != 1)
    hidden = model[:2](torch.randn(8, 4))
    hidden = hidden.detach().requires_grad_() if step % 4 == 3 else hidden
    out = model[2:](hidden)
    loss = (nn.functional.relu_(out.clone()) + torch.sigmoid_(out.clone())).square().mean()
    for parameter in model.parameters():
        parameter.grad = None
    loss.backward()
    optimizer.step()
    print(loss.item(), [p.grad is None for p in model.parameters()])
tell(model, optimizer)
