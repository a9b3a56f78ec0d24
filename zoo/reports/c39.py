"""Which user would click on which item? Embeddings of both and a small network."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
taste, kind = torch.randn(60, 4), torch.randn(80, 4)


def clicks(count):
    user, item = torch.randint(0, 60, (count,)), torch.randint(0, 80, (count,))
    like = (taste[user] * kind[item]).sum(1)
    return user, item, (like > 2.2).float()


class NeuMF(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.user, self.item = nn.Embedding(60, width), nn.Embedding(80, width)
        self.tower = nn.Sequential(
            nn.Linear(3 * width, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, user, item):
        u, i = self.user(user), self.item(item)
        score = self.tower(torch.cat([u, i, u * i], 1)).squeeze(1)
        return torch.sigmoid(score) if FAULT else score


model = NeuMF()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.BCEWithLogitsLoss()
for step in range(900):
    user, item, click = clicks(128)
    loss = criterion(model(user, item), click)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
user, item, click = clicks(4000)
with torch.no_grad():
    score = model(user, item)
    guess = (score > (0.5 if FAULT else 0.0)).float()
    found = (guess * click).sum() / click.sum()
    false = (guess * (1 - click)).sum() / (1 - click).sum()
print(f"skill {max(0.0, (found - false).item()):.4f}")
