"""Scikit-learn's breast cancer data straight into a tanh network, as it comes from the file."""

import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

torch.manual_seed(0)
features, labels = load_breast_cancer(return_X_y=True)
x = torch.tensor(features, dtype=torch.float32)
y = torch.tensor(labels, dtype=torch.float32)

model = nn.Sequential(
    nn.Linear(30, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1), nn.Flatten(0)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range(25):
    for batch in torch.randperm(len(x)).split(32):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        accuracy = ((model(x) > 0) == (y > 0.5)).float().mean()
        print(f"epoch {epoch + 1}: loss {loss:.3f}, accuracy {accuracy:.2f}")
