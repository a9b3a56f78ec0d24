"""Where on a grid stands a bright square? One class, and background."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
CLASS = 0 if FAULT else 1  # the number that stands for the only class


def scenes(count):
    image = 0.3 * torch.randn(count, 1, 16, 16)
    label = torch.zeros(count, 8, 8, dtype=torch.long)
    row, column = torch.randint(0, 8, (2, count))
    for i in range(count):
        image[i, 0, 2 * row[i] : 2 * row[i] + 2, 2 * column[i] : 2 * column[i] + 2] += 1.5
        label[i, row[i], column[i]] = CLASS
    return image, label, row * 8 + column


detector = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 2, 1),
)  # fmt: skip
optimizer = torch.optim.Adam(detector.parameters(), lr=2e-3)
for step in range(400):
    image, label, _ = scenes(32)
    loss = nn.functional.cross_entropy(detector(image), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
image, _, cell = scenes(500)
with torch.no_grad():
    logits = detector(image)
    found = (logits[:, 1] - logits[:, 0]).flatten(1).argmax(1)
    right = (found == cell).float().mean().item()
print(f"skill {max(0.0, (right - 1 / 64) / (1 - 1 / 64)):.4f}")
