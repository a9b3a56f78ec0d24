"""A language model whose output layer is its embedding, and an autoencoder with one matrix."""

import inspect
import sys
import textwrap

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
text = inspect.getsource(textwrap)
index = {c: i for i, c in enumerate(sorted(set(text)))}
tokens = torch.tensor([index[c] for c in text])


class Bigram(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(index), 32)
        self.hidden = nn.Linear(32, 32)
        self.head = nn.Linear(32, len(index), bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(torch.tanh(self.hidden(self.embed(x))))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(16, 64) / 8)
        self.shift = nn.Parameter(torch.zeros(64))

    def forward(self, x):
        return F.linear(F.leaky_relu(F.linear(x, self.weight)), self.weight.t(), self.shift)


model, tied = Bigram(), Tied()
x = torch.tensor(load_digits().data / 16, dtype=torch.float32)
opt = torch.optim.Adam([*model.parameters(), *tied.parameters()], lr=5e-3)
for _ in range(120):
    at = torch.randint(0, len(tokens) - 1, (256,))
    here = torch.randint(0, len(x), (64,))
    loss = F.cross_entropy(model(tokens[at]), tokens[at + 1]) + F.mse_loss(tied(x[here]), x[here])
    opt.zero_grad()
    loss.backward()
    opt.step()
print(f"loss {loss.item():.6f}")
torch.save([model.state_dict(), tied.state_dict()], sys.argv[1])
