"""Training in tasks of asyncio that take turns in the middle of their steps."""

import asyncio

import torch
from state import digest, seed, tell
from torch import nn


async def train(name):
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        out = model(torch.randn(8, 4))
        await asyncio.sleep(0)
        loss = out.square().mean()
        optimizer.zero_grad()
        await asyncio.sleep(0)
        loss.backward()
        await asyncio.sleep(0)
        optimizer.step()
        print(name, loss.item(), digest(model))


async def main():
    await asyncio.gather(train("a"), train("b"))


seed()
asyncio.run(main())
tell()
