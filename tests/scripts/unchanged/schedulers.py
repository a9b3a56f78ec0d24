"""Learning-rate schedulers of several kinds in a chain, with their state dicts."""

import torch
from state import seed, tell
from torch import nn
from torch.optim import lr_scheduler as schedules

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
warm = schedules.LinearLR(optimizer, 0.1, total_iters=3)
cosine = schedules.CosineAnnealingLR(optimizer, 5)
chain = schedules.SequentialLR(optimizer, [warm, cosine], [3])
plateau = schedules.ReduceLROnPlateau(optimizer, patience=1)
for _ in range(8):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    chain.step()
    plateau.step(loss.item())
    print(loss.item(), optimizer.param_groups[0]["lr"], chain.last_epoch)
tell(model, optimizer, plateau.state_dict())
