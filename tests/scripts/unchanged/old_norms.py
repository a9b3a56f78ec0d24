"""The older weight_norm and spectral_norm, made of forward pre-hooks."""

import warnings

import torch
from state import seed, tell
from torch import nn

warnings.simplefilter("ignore")
seed()
model = nn.Sequential(
    nn.utils.weight_norm(nn.Linear(4, 8)), nn.ReLU(), nn.utils.spectral_norm(nn.Linear(8, 1))
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(6):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
nn.utils.remove_weight_norm(model[0])
tell(model, optimizer)
