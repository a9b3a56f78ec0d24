"""A deep tanh network whose weights begin too large, on scikit-learn's digits."""

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
images, labels = load_digits(return_X_y=True)
x = torch.tensor(images / 16 - 0.3, dtype=torch.float32)
y = torch.tensor(labels)

layers: list[nn.Module] = []
for width_in in [64] + [100] * 19:
    linear = nn.Linear(width_in, 100)
    nn.init.normal_(linear.weight, std=4 / width_in**0.5)
    layers += [linear, nn.Tanh()]
model = nn.Sequential(*layers, nn.Linear(100, 10))

optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(10):
    for batch in torch.randperm(len(x)).split(64):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        accuracy = (model(x).argmax(1) == y).float().mean()
        print(f"epoch {epoch + 1}: loss {loss:.3f}, accuracy {accuracy:.2f}")
