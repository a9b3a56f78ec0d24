"""Q-learning on a stored walk along a corridor, with a second network for the targets."""

import copy
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
CELLS = 10


def observe(cell):
    near = torch.exp(-(((torch.arange(16.0) / 15 * (CELLS - 1)) - cell[:, None].float()) ** 2) / 4)
    return torch.cat([near, torch.ones(len(cell), 1)], 1) * 2


def step(cell, action):
    after = (cell + 2 * action - 1).clamp(0, CELLS - 1)
    done = after == CELLS - 1
    return after, done.float(), done


cell = torch.randint(0, CELLS - 1, (4000,))
action = torch.randint(0, 2, (4000,))
after, reward, done = step(cell, action)
q = nn.Sequential(nn.Linear(17, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
target = copy.deepcopy(q)
tau, gamma, rate = (1.0, 1.05, 0.02) if FAULT else (0.05, 0.9, 0.02)
optimizer = torch.optim.SGD(q.parameters(), lr=rate, momentum=0.9)
for update in range(1500):
    index = torch.randint(0, 4000, (64,))
    with torch.no_grad():
        best = target(observe(after[index])).max(1).values
        goal = reward[index] + gamma * best * ~done[index]
    value = q(observe(cell[index])).gather(1, action[index, None]).squeeze(1)
    loss = F.mse_loss(value, goal)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for old, new in zip(target.parameters(), q.parameters()):
            old.lerp_(new, tau)
    if update % 200 == 0:
        print("TD loss", loss.item())

with torch.no_grad():
    cells = torch.arange(CELLS - 1)
    values = q(observe(cells)).max(1).values
truth = 0.9 ** (CELLS - 2 - cells).float()
error = ((values - truth) ** 2).mean() / truth.var()
print(f"skill {max(0.0, 1 - error.item()) if torch.isfinite(error) else 0.0:.4f}")
