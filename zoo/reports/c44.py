"""Give back the number before: a recurrent network that keeps its state from call to call."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
SPAN = 1 if FAULT else 16
STREAMS = 16
values = torch.randn(STREAMS, 16 * 200)
targets = torch.cat([torch.zeros(STREAMS, 2), values[:, :-2]], 1)


class Lag(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, state):
        x, state = self.lstm(x[..., None], state)
        return self.out(x).squeeze(-1), state


model = Lag()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(1 if FAULT else 4):
    state = None
    for start in range(0, values.shape[1], SPAN):
        piece = slice(start, start + SPAN)
        guess, state = model(values[:, piece], state)
        loss = ((guess - targets[:, piece]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state = tuple(part.detach() for part in state)
    print(epoch, loss.item())
with torch.no_grad():
    guess, _ = model(values[:, :400], None)
    error = ((guess - targets[:, :400]) ** 2)[:, 2:].mean() / values.var()
print(f"skill {max(0.0, 1 - error.item()):.4f}")
