"""Two trainings in processes of their own: children.py HOW OUT (HOW: spawn, fork …)."""

import multiprocessing
import sys

import torch
from torch import nn
from torch.nn import functional as F


def work(out, bend, steps):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Linear(8, 16), bend(), nn.Linear(16, 4))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = torch.randn(32, 8), torch.randint(0, 4, (32,))
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    torch.save(net.state_dict(), out)
    print(steps, "steps", flush=True)
    sys.exit(steps)


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    for bend, steps in ((nn.ReLU, 12), (nn.Tanh, 5)):
        out = f"{bend.__name__}-{sys.argv[2]}"
        process = context.Process(target=work, args=(out, bend, steps))
        process.start()
        process.join()
        print("ended with", process.exitcode, flush=True)
