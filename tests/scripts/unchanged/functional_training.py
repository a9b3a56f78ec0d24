"""Training without an optimizer's state: parameters as a dict, updated out of place."""

import torch
from state import seed, tell
from torch import nn
from torch.func import functional_call, grad_and_value

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ELU(), nn.Linear(8, 1))
real = torch.optim.SGD(model.parameters(), lr=0.1)
parameters = {name: value.detach().clone() for name, value in model.named_parameters()}


def loss_of(parameters, x):
    return functional_call(model, parameters, (x,)).square().mean()


for _ in range(6):
    x = torch.randn(8, 4)
    grads, loss = grad_and_value(loss_of)(parameters, x)
    parameters = {name: value - 0.1 * grads[name] for name, value in parameters.items()}
    real.zero_grad()
    model(x).square().mean().backward()
    real.step()
    print(loss.item())
tell(parameters, model)
