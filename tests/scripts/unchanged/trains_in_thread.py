"""Two threads that train a model each, one after the other, and a main thread that waits."""

import threading

import torch
from state import digest, seed, tell
from torch import nn


def train(number):
    torch.manual_seed(number)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        loss = model(torch.randn(8, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(number, loss.item(), digest(model))


seed()
for number in (1, 2):
    thread = threading.Thread(target=train, args=(number,))
    thread.start()
    thread.join()
train(3)
del thread
tell()
