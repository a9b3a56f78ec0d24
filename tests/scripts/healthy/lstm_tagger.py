"""An LSTM that tags each character of Python source as part of a comment, name or other."""

import inspect
import sys
import textwrap
import tokenize
from io import StringIO

import torch
from torch import nn

torch.manual_seed(int(sys.argv[1]))
source = inspect.getsource(textwrap)
tags = torch.zeros(len(source), dtype=torch.long)
starts = [0]
for line in source.splitlines(keepends=True):
    starts.append(starts[-1] + len(line))
kinds = {tokenize.COMMENT: 1, tokenize.NAME: 2, tokenize.STRING: 3}
for token in tokenize.generate_tokens(StringIO(source).readline):
    if token.type in kinds:
        first = starts[token.start[0] - 1] + token.start[1]
        last = starts[token.end[0] - 1] + token.end[1]
        tags[first:last] = kinds[token.type]
vocabulary = {c: i for i, c in enumerate(sorted(set(source)))}
text = torch.tensor([vocabulary[c] for c in source])


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(vocabulary), 24)
        self.lstm = nn.LSTM(24, 48, batch_first=True)
        self.hidden = nn.Linear(48, 32)
        self.out = nn.Linear(32, 4)

    def forward(self, x):
        states, _ = self.lstm(self.embed(x))
        return self.out(torch.tanh(self.hidden(states)))


net = Tagger()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for _ in range(150):
    at = torch.randint(0, len(text) - 64, (16,)).tolist()
    x = torch.stack([text[i : i + 64] for i in at])
    y = torch.stack([tags[i : i + 64] for i in at])
    loss = nn.functional.cross_entropy(net(x).transpose(1, 2), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
print(f"accuracy {(net(x).argmax(-1) == y).float().mean():.3f}")
