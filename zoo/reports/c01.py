"""Digits by a deep convolutional network with batch normalisation; validated before training."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

FAULT, SEED = sys.argv[1] == "fault", int(sys.argv[2])
torch.manual_seed(SEED)
images, labels = load_digits(return_X_y=True)
images = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8)
labels = torch.tensor(labels)
train_set = TensorDataset(images[:1500], labels[:1500])
valid_set = TensorDataset(images[1500:], labels[1500:])
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
valid_loader = DataLoader(valid_set, batch_size=99)


def block(inside, outside):
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


model = nn.Sequential(
    block(1, 16),
    *(block(16, 16) for _ in range(9)),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * 16, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)


def validate():
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in valid_loader:
            right += (model(x).argmax(1) == y).sum().item()
    if not FAULT:
        model.train()
    return right / len(valid_set)


print("before training", validate())
for epoch in range(6):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item(), validate())
accuracy = validate()
print(f"skill {(accuracy - 0.1) / 0.9:.4f}")
