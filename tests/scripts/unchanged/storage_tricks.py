"""Views as parameters, vectors of all parameters, and `.data` and `set_` used on them."""

import torch
from state import seed, tell
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
flat = parameters_to_vector(model.parameters()).detach().clone()
start = 0
for parameter in model.parameters():
    count = parameter.numel()
    parameter.data = flat[start : start + count].view_as(parameter)
    start += count
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), flat.sum().item(), model[0].weight._version)
    if step == 3:
        vector_to_parameters(flat * 0.9, model.parameters())
        with torch.no_grad():
            model[2].bias.set_(torch.ones(1))
tell(model, optimizer, flat)
