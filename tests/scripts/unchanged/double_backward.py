"""Second derivatives by backward(create_graph=True) and by Hessian-vector products."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(3, 8), nn.Softplus(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(6):
    x = torch.randn(8, 3)
    optimizer.zero_grad()
    loss = model(x).square().mean()
    grads = torch.autograd.grad(loss, list(model.parameters()), create_graph=True)
    total = loss + 0.1 * sum(grad.square().sum() for grad in grads)
    total.backward()
    optimizer.step()
    product = torch.autograd.functional.hvp(lambda v: model(v).sum(), x, torch.ones_like(x))
    print(total.item(), product[1].sum().item())
tell(model, optimizer)
