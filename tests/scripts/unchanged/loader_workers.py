"""A DataLoader with two worker processes, random augmentation in them, and a sampler."""

import random

import torch
from state import seed, tell
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    def __len__(self):
        return 24

    def __getitem__(self, index):
        return torch.full((4,), float(index)) + torch.randn(4), random.random()


if __name__ == "__main__":
    seed()
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    loader = DataLoader(Noisy(), batch_size=8, shuffle=True, num_workers=2)
    for _ in range(2):
        for x, y in loader:
            loss = (model(x)[:, 0] - y.float()).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print(loss.item(), y.sum().item())
    tell(model, optimizer)
