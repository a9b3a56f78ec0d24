"""A walker learns by policy gradient to step towards the light."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
policy = nn.Sequential(
    nn.Linear(8, 48), nn.LeakyReLU(), nn.Linear(48, 4), nn.Softmax(dim=0 if FAULT else 1)
)
optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)
lamp = torch.randn(4, 8)


def scenes(count):
    best = torch.randint(0, 4, (count,))
    return lamp[best] + 0.7 * torch.randn(count, 8), best


for update in range(700):
    state, best = scenes(64)
    with torch.no_grad():
        action = torch.multinomial(policy(state) + 1e-8, 1).squeeze(1)
    reward = (action == best).float()
    chosen = policy(state).gather(1, action[:, None]).squeeze(1)
    loss = -(torch.log(chosen + 1e-8) * (reward - reward.mean())).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if update % 100 == 0:
        print(update, "reward", reward.mean().item())
state, best = scenes(2000)
with torch.no_grad():
    right = (torch.cat([policy(s[None]) for s in state]).argmax(1) == best).float().mean().item()
print(f"skill {max(0.0, (right - 0.25) / 0.75):.4f}")
