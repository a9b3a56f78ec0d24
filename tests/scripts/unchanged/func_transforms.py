"""torch.func: vmap, grad, jvp, jacobians and functional_call beside a usual training."""

import torch
from state import seed, tell
from torch import nn
from torch.func import functional_call, grad, jacfwd, jacrev, jvp, vjp, vmap

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def loss_of(parameters, x, y):
    out = functional_call(model, parameters, (x[None],))
    return nn.functional.cross_entropy(out, y[None])


for _ in range(5):
    x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    each = vmap(grad(loss_of), (None, 0, 0))(dict(model.named_parameters()), x, y)
    print(loss.item(), sum(value.norm().item() for value in each.values()))
    print(jacrev(model)(x[0]).sum().item(), jacfwd(model)(x[0]).sum().item())
    print(
        jvp(model, (x,), (x,))[1].sum().item(), vjp(model, x)[1](torch.ones(8, 2))[0].sum().item()
    )
    print(vmap(model, randomness="different")(x[:, None]).sum().item())
tell(model, optimizer)
