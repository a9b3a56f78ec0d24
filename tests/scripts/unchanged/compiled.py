"""torch.compile with the eager backend: a model and a function, with dropout."""

import torch
from state import digest, random_states, seed
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))
fast = torch.compile(model, backend="eager")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


@torch.compile(backend="eager")
def distance(a, b):
    return torch.tanh(a - b).square().mean()


for _ in range(5):
    loss = distance(fast(torch.randn(8, 4)), torch.randn(8, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
print("state", digest(model, optimizer), *random_states())  # torch's caches keep the model alive
