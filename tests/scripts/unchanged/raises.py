"""An exception in a module's forward that nobody catches: the traceback is the script's own."""

import torch
from state import seed
from torch import nn


class Net(nn.Module):
    calls = 0

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.act = nn.ReLU()
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        Net.calls += 1
        x = self.act(self.body(x))
        if Net.calls == 4:
            x = x[:, :3]
        return self.head(x)


seed()
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(6):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
