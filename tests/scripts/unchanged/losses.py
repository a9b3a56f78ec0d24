"""Loss functions of every kind, weighted, reduced or not, and a contrastive one."""

import torch
from state import seed, tell
from torch import nn
from torch.nn import functional as F

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
LOSSES = [
    lambda out, y: F.cross_entropy(out, y, label_smoothing=0.1, weight=torch.rand(5)),
    lambda out, y: F.nll_loss(F.log_softmax(out, 1), y),
    lambda out, y: F.binary_cross_entropy_with_logits(out, torch.rand(8, 5), reduction="sum"),
    lambda out, y: F.kl_div(F.log_softmax(out, 1), torch.softmax(torch.randn(8, 5), 1)),
    lambda out, y: F.smooth_l1_loss(out, torch.randn(8, 5), reduction="none").max(),
    lambda out, y: F.triplet_margin_loss(out, out.roll(1, 0), out.roll(2, 0)),
    lambda out, y: F.ctc_loss(F.log_softmax(out[:, None], 2), y[None, :3].clamp(1), (8,), (3,)),
    lambda out, y: F.multi_margin_loss(out, y),
    lambda out, y: F.cosine_embedding_loss(out, out.flip(0), torch.ones(8)),
]
for of in LOSSES:
    loss = of(model(torch.randn(8, 4)), torch.randint(0, 5, (8,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)
