"""A deep sigmoid network on scikit-learn's digits. It does not learn; can you see why?"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn


class Net(nn.Module):
    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        sizes = [64] + [width] * depth
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.head = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return self.head(x)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--depth", type=int, default=12)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--optimizer", choices=["SGD", "Adam"], default="SGD")
    parser.add_argument("--lr", type=float, default=0.1)
    arguments = parser.parse_args()

    torch.manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images / 16 - 0.3, dtype=torch.float32)
    y = torch.tensor(labels)
    model = Net(arguments.depth, arguments.width)
    optimizer = getattr(torch.optim, arguments.optimizer)(model.parameters(), lr=arguments.lr)
    for epoch in range(arguments.epochs):
        order = torch.randperm(len(x))
        for batch in order.split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
        if epoch % 5 == 4:
            accuracy = (model(x).argmax(1) == y).float().mean()
            print(f"epoch {epoch + 1}: loss {loss:.3f}, accuracy {accuracy:.2f}")


if __name__ == "__main__":
    main()
