"""Weight norm, spectral norm and a parametrization of one's own, one removed in mid-run."""

import torch
from state import seed, tell
from torch import nn
from torch.nn.utils import parametrizations, parametrize


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).T


seed()
model = nn.Sequential(
    parametrizations.weight_norm(nn.Linear(4, 8)),
    nn.ReLU(),
    parametrizations.spectral_norm(nn.Linear(8, 8)),
    nn.Tanh(),
    nn.Linear(8, 8),
    parametrizations.orthogonal(nn.Linear(8, 8)),
    nn.Linear(8, 1),
)
parametrize.register_parametrization(model[4], "weight", Symmetric())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    if step == 3:
        parametrize.remove_parametrizations(model[0], "weight")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with parametrize.cached():
        loss = (model(torch.randn(8, 4)) + model(torch.randn(8, 4))).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)
