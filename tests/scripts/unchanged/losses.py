"""Loss functions of every kind, weighted, reduced or not, and a contrastive one."""

import torch
from state import seed, tell
from torch import nn
from torch.nn import functional as F

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(9):
    out = model(torch.randn(8, 4))
    y = torch.randint(0, 5, (8,))
    loss = [
        lambda: F.cross_entropy(out, y, label_smoothing=0.1, weight=torch.rand(5)),
        lambda: F.nll_loss(F.log_softmax(out, 1), y),
        lambda: F.binary_cross_entropy_with_logits(out, torch.rand(8, 5), reduction="none").sum(),
        lambda: F.kl_div(F.log_softmax(out, 1), torch.softmax(torch.randn(8, 5), 1)),
        lambda: F.smooth_l1_loss(out, torch.randn(8, 5)),
        lambda: F.triplet_margin_loss(out, out.roll(1, 0), out.roll(2, 0)),
        lambda: F.ctc_loss(
            F.log_softmax(out[:, None], 2),
            torch.randint(1, 5, (1, 3)),
            torch.tensor([8]),
            torch.tensor([3]),
        ),
        lambda: F.multi_margin_loss(out, y),
        lambda: F.cosine_embedding_loss(out, out.flip(0), torch.ones(8)),
    ][step]()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)
