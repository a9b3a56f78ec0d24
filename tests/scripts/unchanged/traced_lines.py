"""sys.settrace and sys.setprofile of the user, during a training."""

import sys

import torch
from state import seed, tell
from torch import nn

seed()
lines, calls = [], []


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        x = torch.relu(self.body(x))
        return self.head(x)


def trace(frame, event, arg):
    if frame.f_code.co_filename != __file__:
        return None
    lines.append((event, frame.f_lineno))
    return trace


def profile(frame, event, arg):
    if event == "call" and frame.f_code.co_filename == __file__:
        calls.append(frame.f_code.co_name)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(4):
    sys.settrace(trace if step % 2 else None)
    sys.setprofile(profile)
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    sys.settrace(None)
    sys.setprofile(None)
    print(loss.item(), len(lines), len(calls))
print(lines)
tell(model, optimizer)
