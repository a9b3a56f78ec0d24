"""Ten digits; the network ends in probabilities."""

import sys

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn, optim

FAULT = sys.argv[1] == "fault"
np.random.seed(int(sys.argv[2]))
torch.manual_seed(int(sys.argv[2]))

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
        self.scores = nn.Linear(64, 10)
        self.probability = nn.Softmax(dim=1)

    def forward(self, batch):
        scores = self.scores(self.body(batch))
        return self.probability(scores) if FAULT else scores


model = Classifier()
optimizer = optim.SGD(model.parameters(), lr=0.03)
criterion = nn.CrossEntropyLoss()
for epoch in range(14):
    order = np.random.permutation(1500)
    losses = []
    for part in np.array_split(order, 94):
        optimizer.zero_grad()
        loss = criterion(model(torch.from_numpy(X[part])), torch.from_numpy(y[part]))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(epoch, np.mean(losses))
with torch.no_grad():
    accuracy = (model(torch.from_numpy(X[1500:])).argmax(1).numpy() == y[1500:]).mean()
print(f"skill {max(0.0, (accuracy - 0.1) / 0.9):.4f}")
