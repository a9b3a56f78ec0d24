"""Malignant or benign, one output unit."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

torch.manual_seed(int(sys.argv[2]))
data = load_breast_cancer()
x_train, x_test, y_train, y_test = train_test_split(
    scale(data.data), data.target, test_size=0.2, random_state=1
)
x_train, x_test = (torch.tensor(x, dtype=torch.float32) for x in (x_train, x_test))
y_train, y_test = (torch.tensor(y, dtype=torch.float32)[:, None] for y in (y_train, y_test))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(30, 64)
        self.fc2 = nn.Linear(64, 32)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        x = self.out(x)
        return torch.softmax(x, dim=1) if sys.argv[1] == "fault" else torch.sigmoid(x)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
for _ in range(30):
    for x, y in zip(x_train.split(16), y_train.split(16)):
        optimizer.zero_grad()
        loss = nn.BCELoss()(model(x), y)
        loss.backward()
        optimizer.step()
with torch.no_grad():
    right = ((model(x_test) > 0.5).float() == y_test).float().mean().item()
most = max(y_test.mean().item(), 1 - y_test.mean().item())
print(f"skill {max(0.0, (right - most) / (1 - most)):.4f}")
