"""Wide stripes or narrow ones? Convolutions, then a mean over the picture."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))


def pictures(count):
    kind = torch.randint(0, 2, (count,))
    image = 0.2 * torch.randn(count, 1, 12, 12)
    sign = 2.0 * torch.randint(0, 2, (count,)) - 1
    width = torch.where(kind == 1, 6, 2)
    for i in range(count):
        start = int(torch.randint(0, 12 - int(width[i]) + 1, ()))
        stripes = torch.arange(12) % int(width[i] // 2 * 2) < int(width[i] // 2)
        image[i, 0] += sign[i] * torch.where(stripes.roll(start), 1.0, -1.0)
    return image, kind


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in ((1, 16), (16, 16), (16, 16))
        )
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        for conv in self.convs:
            x = conv(x) if FAULT else torch.relu(conv(x))
        return self.out(x.mean((2, 3)))


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(300):
    image, kind = pictures(32)
    loss = nn.functional.cross_entropy(model(image), kind)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
image, kind = pictures(500)
with torch.no_grad():
    right = (model(image).argmax(1) == kind).float().mean().item()
print(f"skill {max(0.0, 2 * right - 1):.4f}")
