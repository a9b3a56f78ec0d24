"""A second thread that evaluates another model, with contexts of its own, during the training."""

import threading

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(*[m for _ in range(4) for m in (nn.Linear(8, 8), nn.ReLU())])
other = nn.Sequential(*[m for _ in range(4) for m in (nn.Linear(8, 8), nn.ReLU())])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
done, wrong, count = threading.Event(), [], []


def evaluate():
    while not done.is_set():
        with torch.no_grad():
            other(torch.ones(4, 8))
        with torch.device("meta"):
            if torch.ones(1).device.type != "meta":
                wrong.append("device")
        count.append(torch.is_grad_enabled())


thread = threading.Thread(target=evaluate)
thread.start()
for _ in range(20):
    loss = model(torch.randn(8, 8)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
done.set()
thread.join()
with torch.device("meta"):
    print(torch.ones(1).device, wrong[:1], all(count), loss.item())
del thread
tell(model, optimizer)
