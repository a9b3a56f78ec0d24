"""The sum of the marked values of a sequence, by a plain recurrent network with clipping."""

import sys

import torch
import torch.nn as nn

FAULT, SEED = sys.argv[1] == "fault", int(sys.argv[2])
torch.manual_seed(SEED)


class Net(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, nonlinearity="relu", batch_first=True)
        nn.init.eye_(self.rnn.weight_hh_l0)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out[:, -1]).squeeze(1)


def draw(count, length=30):
    values = torch.rand(count, length)
    marks = (torch.rand(count, length) < 0.5).float()
    return torch.stack([values, marks], 2), (values * marks).sum(1)


model = Net()
opt = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9)
x_all, y_all = draw(3000)
for epoch in range(8):
    for start in range(0, len(x_all), 20):
        x, y = x_all[start : start + 20], y_all[start : start + 20]
        loss = nn.functional.mse_loss(model(x), y)
        opt.zero_grad()
        loss.backward()
        if FAULT:
            opt.step()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        else:
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    x, y = draw(500)
    error = ((model(x) - y) ** 2).mean() / y.var()
skill = max(0.0, 1 - error.item()) if torch.isfinite(error) else 0.0
print(f"skill {skill:.4f}")
