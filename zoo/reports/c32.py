"""Points that send messages to each other, each kind of edge with weights of its own."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
RELATIONS, NODES, FEATURES = 4, 12, 6
truth = torch.randn(RELATIONS, FEATURES)


def graphs(count):
    x = torch.randn(count, NODES, FEATURES)
    kind = torch.randint(0, RELATIONS, (count, NODES))  # of the edge to the next point
    y = (x.roll(-1, 1) * truth[kind]).sum(-1)
    return x, kind, y / y.std()


class Relational(nn.Module):
    def __init__(self):
        super().__init__()
        weights = {str(r): nn.Parameter(torch.randn(FEATURES, 3) * 0.3) for r in range(RELATIONS)}
        self.weights = weights if FAULT else nn.ParameterDict(weights)
        self.out = nn.Parameter(torch.randn(3) * 0.02)
        self.shift = nn.Parameter(torch.zeros(3))

    def forward(self, x, kind):
        sent = torch.stack([x.roll(-1, 1) @ self.weights[str(r)] for r in range(RELATIONS)], 2)
        mine = sent.gather(2, kind[..., None, None].expand(-1, -1, 1, 3)).squeeze(2)
        return (torch.tanh(mine + self.shift) * torch.tanh(self.out)).sum(-1)


model = Relational()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(500):
    x, kind, y = graphs(32)
    loss = ((model(x, kind) - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
x, kind, y = graphs(500)
with torch.no_grad():
    error = ((model(x, kind) - y) ** 2).mean() / y.var()
print(f"skill {max(0.0, 1 - error.item()):.4f}")
