"""Data by two spawned worker processes: spawned_loader.py OUT."""

import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset


class Points(Dataset):
    def __len__(self):
        return 96

    def __getitem__(self, place):
        generator = torch.Generator().manual_seed(place)
        x = torch.randn(8, generator=generator) + torch.rand(8)  # the worker's own seed, too
        return x, int(x.sum() > 0)


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    data = DataLoader(Points(), 16, shuffle=True, num_workers=2, multiprocessing_context="spawn")
    for x, y in data:
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    torch.save([net.state_dict(), torch.get_rng_state()], sys.argv[1])
    print("trained")


if __name__ == "__main__":
    main()
