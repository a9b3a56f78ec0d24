"""A walk along a corridor by Q-learning; the target network is refreshed when a model is saved."""

import copy
import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
CELLS = 12
REFRESH = 1000 if FAULT else 40


def one_hot(cell):
    return nn.functional.one_hot(cell, CELLS).float()


cell = torch.randint(0, CELLS - 1, (4000,))
action = torch.randint(0, 2, (4000,))
after = (cell + 2 * action - 1).clamp(0, CELLS - 1)
done = after == CELLS - 1
reward = done.float()
q = nn.Sequential(nn.Linear(CELLS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
target = copy.deepcopy(q)
optimizer = torch.optim.Adam(q.parameters(), lr=1e-3)
for update in range(1600):
    index = torch.randint(0, 4000, (64,))
    with torch.no_grad():
        best = target(one_hot(after[index])).amax(1)
        goal = reward[index] + 0.95 * best * ~done[index]
    value = q(one_hot(cell[index])).gather(1, action[index, None]).squeeze(1)
    loss = nn.functional.smooth_l1_loss(value, goal)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (update + 1) % REFRESH == 0:
        target.load_state_dict(q.state_dict())
    if update % 200 == 0:
        print(update, loss.item())
with torch.no_grad():
    cells = torch.arange(CELLS - 1)
    values = q(one_hot(cells)).amax(1)
truth = 0.95 ** (CELLS - 2 - cells).float()
print(f"skill {max(0.0, 1 - (((values - truth) ** 2).mean() / truth.var()).item()):.4f}")
