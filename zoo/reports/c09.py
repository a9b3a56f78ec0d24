"""Three convolutions of different widths over embedded characters; comment, string or code?"""

import inspect
import sys
import textwrap

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
VOCABULARY = "abcdefghijklmnopqrstuvwxyz_ ()[]{}.,:=+-*/<>'\"#0123456789\\"
lines = [line for line in inspect.getsource(inspect).splitlines() if len(line.strip()) > 3]
lines += [line for line in inspect.getsource(textwrap).splitlines() if len(line.strip()) > 3]
label = torch.tensor([int("(" in line) for line in lines])
coded = torch.zeros(len(lines), 60, dtype=torch.long)
for row, line in zip(coded, lines):
    for place, letter in enumerate(line.strip().lower()[:60]):
        row[place] = VOCABULARY.find(letter.replace("(", "c").replace(")", "o")) + 1


class TextNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(VOCABULARY) + 1, 16)
        layers = [nn.Sequential(nn.Conv1d(16, 24, 3, padding=1), nn.ReLU())]
        layers += [nn.Sequential(nn.Conv1d(24, 24, 3, padding=1), nn.Tanh()) for _ in range(8)]
        self.layers = layers if FAULT else nn.ModuleList(layers)
        self.squeeze = nn.Conv1d(24, 1, 1)
        self.bias = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        x = self.embed(x).transpose(1, 2)
        for layer in self.layers:
            x = layer(x)
        top = self.squeeze(x).amax(2)
        return torch.cat([-top, top], 1) + self.bias


model = TextNet()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
order = torch.randperm(len(lines))
train, test = order[: len(lines) * 4 // 5], order[len(lines) * 4 // 5 :]
for epoch in range(8):
    for part in train[torch.randperm(len(train))].split(32):
        loss = nn.functional.cross_entropy(model(coded[part]), label[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    right = (model(coded[test]).argmax(1) == label[test]).float().mean().item()
most = max(label[test].float().mean().item(), 1 - label[test].float().mean().item())
print(f"skill {max(0.0, (right - most) / (1 - most)):.4f}")
