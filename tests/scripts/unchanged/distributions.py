"""Policy gradients and a variational loss through torch.distributions, with rsample."""

import torch
from state import seed, tell
from torch import distributions, nn

seed()
policy = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
coder = nn.Sequential(nn.Linear(4, 8), nn.Softplus(), nn.Linear(8, 4))
optimizer = torch.optim.Adam([*policy.parameters(), *coder.parameters()], lr=0.01)
for _ in range(6):
    x = torch.randn(8, 4)
    choice = distributions.Categorical(logits=policy(x))
    action = choice.sample()
    loss = -(choice.log_prob(action) * torch.rand(8)).mean()
    mean, spread = coder(x).chunk(2, 1)
    hidden = distributions.Normal(mean, spread.exp())
    prior = distributions.Normal(torch.zeros(2), torch.ones(2))
    loss = loss + hidden.rsample().square().mean()
    loss = loss + distributions.kl_divergence(hidden, prior).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), action.tolist())
tell(policy, coder, optimizer)
