"""Trains here and in a process of its own: both.py HOW (spawn, fork, a bare os.fork)."""

import multiprocessing
import os
import sys

import torch
from torch import nn


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))


def train(steps):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = torch.randn(32, 8), torch.randint(0, 4, (32,))
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()


if __name__ == "__main__":
    train(12)
    if sys.argv[1] == "os.fork":
        child = os.fork()
        if not child:
            train(5)
            os._exit(0)
        os.waitpid(child, 0)
    else:
        process = multiprocessing.get_context(sys.argv[1]).Process(target=train, args=(5,))
        process.start()
        process.join()
