"""Fake quantisation in training, then a dynamically quantised copy."""

import copy
import warnings

import torch
from state import seed, tell
from torch import nn
from torch.ao import quantization

warnings.simplefilter("ignore")
seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
model.qconfig = quantization.get_default_qat_qconfig("x86")
model = quantization.prepare_qat(model.train())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(6):
    loss = nn.functional.cross_entropy(model(torch.randn(16, 4)), torch.randint(0, 2, (16,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
plain = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
small = quantization.quantize_dynamic(copy.deepcopy(plain), {nn.Linear}, dtype=torch.qint8)
print(small(torch.ones(2, 4)).sum().item())
print(torch.quantize_per_tensor(torch.randn(3), 0.1, 0, torch.quint8).relu().int_repr().tolist())
tell(model, optimizer)
