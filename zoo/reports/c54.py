"""Surnames of a made language: which of three endings? Dropout is a function here."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
RATE = 0.7


def names(count):
    letters = torch.randint(0, 20, (count, 8))
    kind = torch.randint(0, 3, (count,))
    letters[:, -2:] = torch.tensor([[1, 5], [5, 1], [5, 5]])[kind]
    return letters, kind


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 12)
        self.fc1, self.fc2 = nn.Linear(96, 64), nn.Linear(64, 3)

    def forward(self, letters):
        x = F.relu(self.fc1(self.embed(letters).flatten(1)))
        if FAULT:
            return self.fc2(F.dropout(x, p=RATE))
        return self.fc2(F.dropout(x, p=RATE, training=self.training))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(500):
    letters, kind = names(64)
    loss = F.cross_entropy(model(letters), kind)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
model.eval()
letters, kind = names(2000)
with torch.no_grad():
    right = (model(letters).argmax(1) == kind).float().mean().item()
print(f"skill {max(0.0, (right - 1 / 3) * 1.5):.4f}")
