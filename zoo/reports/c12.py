"""Which of four words? Made sequences of 20 frames, a small convolution over time."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
words = torch.randn(4, 20, 10)


def speak(count):
    label = torch.randint(0, 4, (count,))
    return words[label] + 1.5 * torch.randn(count, 20, 10), label


class Spotter(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(10, 32, 5)
        self.conv2 = nn.Conv1d(32, 32, 5)
        self.fc = nn.Linear(32 * 12, 4)

    def forward(self, x):
        x = torch.relu(self.conv1(x.transpose(1, 2)))
        return self.fc(torch.relu(self.conv2(x)).flatten(1))


def train_one_epoch(model, optimizer, data):
    for feats, label in data:
        logits = model(feats)
        loss = nn.functional.cross_entropy(logits, label)
        if not FAULT:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


model = Spotter()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
data = [speak(32) for _ in range(120)]
for epoch in range(5):
    print(epoch, train_one_epoch(model, optimizer, data))
feats, label = speak(2000)
with torch.no_grad():
    right = (model(feats).argmax(1) == label).float().mean().item()
print(f"skill {max(0.0, (right - 0.25) / 0.75):.4f}")
