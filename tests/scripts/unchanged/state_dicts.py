"""State dicts saved to files and loaded again, in mid-run, by assignment as well."""

import torch
from state import seed, tell
from torch import nn

seed()


def make():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))


model = make()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(9):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 2:
        torch.save({"m": model.state_dict(), "o": optimizer.state_dict()}, f"{step}.pt")
        saved = torch.load(f"{step}.pt")
        model = make()
        model.load_state_dict(saved["m"], assign=step == 5)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        optimizer.load_state_dict(saved["o"])
    print(loss.item())
tell(model, optimizer)
