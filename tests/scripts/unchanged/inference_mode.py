"""Evaluation in inference mode and without gradients between training steps."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5))
model.append(nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(6):
    model.train()
    loss = model(torch.randn(16, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model.eval()
    with torch.inference_mode():
        score = model(torch.randn(16, 4)).mean()
    with torch.no_grad():
        again = model(torch.randn(16, 4)).mean()
        with torch.enable_grad():
            inner = model(torch.randn(16, 4)).mean()
    print(loss.item(), score.item(), score.is_inference(), again.item(), inner.requires_grad)
tell(model, optimizer)
