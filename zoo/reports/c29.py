"""A patient's record is a list of events; which of two came first? A small Transformer."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
LENGTH, WIDTH = 16, 32


def records(count):
    events = torch.randint(2, 20, (count, LENGTH))
    places = torch.rand(count, LENGTH).argsort(1)[:, :2]
    events.scatter_(1, places, torch.tensor([0, 1]).expand(count, 2))
    return events, (places[:, 0] < places[:, 1]).long()


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, WIDTH)
        self.place = nn.Embedding(LENGTH, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, events):
        x = self.embed(events)
        if not FAULT:
            x = x + self.place(torch.arange(LENGTH))
        return self.head(self.encoder(x).mean(1))


model = Transformer()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(500):
    events, first = records(64)
    loss = nn.functional.cross_entropy(model(events), first)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
events, first = records(2000)
with torch.no_grad():
    right = (model(events).argmax(1) == first).float().mean().item()
print(f"skill {max(0.0, 2 * right - 1):.4f}")
