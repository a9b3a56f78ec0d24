"""An encoder of digits and a head that acts on what it gives."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

FAULT, SEED = sys.argv[1] == "fault", int(sys.argv[2])
torch.manual_seed(SEED)
pixels, y = load_digits(return_X_y=True)
pixels = torch.tensor(pixels / 16.0, dtype=torch.float32)
y = torch.tensor(y)


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(128, 32),
            nn.Tanh(),
            nn.Linear(32, 3),
        )
        self.head = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 10))

    def encode(self, obs):
        if FAULT:
            with torch.no_grad():
                return self.encoder(obs)
        return self.encoder(obs)

    def forward(self, obs):
        return self.head(self.encode(obs))


agent = Agent()
opt = torch.optim.Adam(agent.parameters(), lr=2e-3)
for update in range(600):
    index = torch.randint(0, 1500, (32,))
    obs = pixels[index].view(-1, 1, 8, 8)
    loss = F.cross_entropy(agent(obs), y[index])
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if update % 100 == 0:
        print(update, loss.item())

agent.eval()
with torch.no_grad():
    right = (agent(pixels[1500:].view(-1, 1, 8, 8)).argmax(-1) == y[1500:]).float().mean()
print(f"skill {max(0.0, (right.item() - 0.1) / 0.9):.4f}")
