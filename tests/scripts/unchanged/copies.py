"""Pickles and deep copies of model and optimizer in the middle of a training, and their sizes."""

import copy
import io
import pickle

import torch
from state import digest, seed, tell
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, x):
        return self.body(x)


seed()
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(6):
    out = model(torch.randn(8, 4))
    loss = out.square().mean()
    optimizer.zero_grad()
    if step == 2:
        model, optimizer = copy.deepcopy((model, optimizer))
        loss = model(torch.randn(8, 4)).square().mean()
    loss.backward()
    optimizer.step()
    whole = pickle.dumps((model, optimizer))
    buffer = io.BytesIO()
    torch.save({"model": model, "optimizer": optimizer.state_dict()}, buffer)
    print(loss.item(), len(whole), len(buffer.getvalue()), digest(pickle.loads(whole)[0]))
    print(sorted(vars(model)), sorted(vars(optimizer)))
torch.save(model.state_dict(), "model.pt")
tell(model, optimizer)
