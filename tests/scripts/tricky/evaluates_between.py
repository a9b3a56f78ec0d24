"""Trains and evaluates in turns, under no_grad and inference_mode, and keeps an average."""

import copy
import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)
net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10))
average = copy.deepcopy(net)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for _ in range(5):
    net.train()
    for idx in torch.randperm(1500).split(64):
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for kept, new in zip(average.parameters(), net.parameters()):
                kept.lerp_(new, 0.1)
    net.eval()
    with torch.inference_mode():
        accuracy = (net(x[1500:]).argmax(1) == y[1500:]).float().mean()
    print(f"accuracy {accuracy.item():.4f}")
torch.save([net.state_dict(), average.state_dict()], sys.argv[1])
