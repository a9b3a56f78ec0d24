"""Names of small networks and optimizers → watched trainings on scikit-learn's digits."""

from __future__ import annotations

from collections.abc import Callable

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

import stetho

# step, x, y, network, optimizer → x and y of that step; what it does to the others stays
Plant = Callable[[int, Tensor, Tensor, nn.Module, torch.optim.Optimizer], "tuple[Tensor, Tensor]"]


def dense() -> nn.Module:
    return nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)
    )


def conv() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


def normed() -> nn.Module:
    return nn.Sequential(
        nn.Linear(64, 64),
        nn.LayerNorm(64),
        nn.GELU(),
        nn.Linear(64, 64),
        nn.LayerNorm(64),
        nn.GELU(),
        nn.Linear(64, 10),
    )


NETWORKS: dict[str, Callable[[], nn.Module]] = {"dense": dense, "conv": conv, "normed": normed}
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1),
    "momentum": lambda p: torch.optim.SGD(p, 0.02, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, 1e-3),
}


def train(network: str, optimizer: str, seed: int, steps: int, plant: Plant) -> stetho.Result:
    """Train under watch at default settings, with what `plant` does in each step."""
    torch.manual_seed(seed)
    net = NETWORKS[network]()
    made = OPTIMIZERS[optimizer](net.parameters())
    data = load_digits()
    images = torch.tensor(data.data, dtype=torch.float32) / 8 - 1
    labels = torch.tensor(data.target)
    with stetho.watch(net, made) as watched:
        for step in range(steps):
            chosen = torch.randint(0, len(images), (64,))
            x, y = plant(step, images[chosen], labels[chosen], net, made)
            loss = nn.functional.cross_entropy(net(x), y)
            made.zero_grad()
            loss.backward()
            made.step()
    return watched.result
