"""XOR: four points, sigmoid units, plain gradient descent."""

import sys

import torch
import torch.nn as nn

fault = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
model = nn.Sequential(nn.Linear(2, 8), nn.Sigmoid(), nn.Linear(8, 1), nn.Sigmoid())
optimizer = torch.optim.SGD(model.parameters(), lr=0.01 if fault else 2.0)
criterion = nn.BCELoss()
for epoch in range(2000):
    optimizer.zero_grad()
    loss = criterion(model(X), Y)
    loss.backward()
    optimizer.step()
    if epoch % 400 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    answers = model(X)
print(answers)
error = ((answers - Y) ** 2).mean().item() / 0.25
print(f"skill {max(0.0, 1 - error):.4f}")
