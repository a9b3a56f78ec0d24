"""How far into its word is each letter? A sequence regression by an LSTM."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))


def peptides(count, length=12):
    letters = torch.randint(0, 20, (count, length))
    weight = torch.linspace(-1.5, 1.0, 20)
    time = (weight[letters] * torch.linspace(0.5, 1.5, length)).sum(1)
    return letters, (time / 4).clamp(-3, 3)


class Retention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 12)
        self.lstm = nn.LSTM(12, 32, batch_first=True)
        self.fc1 = nn.Linear(32, 32)
        self.fc2 = nn.Linear(32, 1)

    def forward(self, letters):
        _, (h, _) = self.lstm(self.embedding(letters))
        x = self.fc2(torch.relu(self.fc1(h[-1]))).squeeze(-1)
        return torch.relu(x) if FAULT else x


model = Retention()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for step in range(500):
    letters, time = peptides(64)
    loss = nn.functional.mse_loss(model(letters), time)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    letters, time = peptides(2000)
    error = ((model(letters) - time) ** 2).mean() / time.var()
print(f"skill {max(0.0, 1 - error.item()):.4f}")
