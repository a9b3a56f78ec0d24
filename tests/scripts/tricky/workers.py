"""A DataLoader with worker processes that are spawned, so they import this script anew."""

import random
import sys

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    def __init__(self):
        x, y = load_digits(return_X_y=True)
        self.x, self.y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)

    def __len__(self):
        return 640

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def main():
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    loader = DataLoader(
        Digits(), batch_size=64, shuffle=True, num_workers=1, multiprocessing_context="spawn"
    )
    for _ in range(3):
        for x, y in loader:
            loss = nn.functional.cross_entropy(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
    print(f"loss {loss.item():.6f}", random.random(), np.random.rand(), torch.rand(1).item())
    torch.save(net.state_dict(), sys.argv[1])


if __name__ == "__main__":
    main()
