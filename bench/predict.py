"""Holds theory against measurement: `python bench/predict.py`. Prints Markdown tables.

MLPs and plain CNNs of several depths and widths, each function of the catalogue, three
initialisations; then normalised and residual networks, each with a few functions.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable
from statistics import median

import torch
from torch import nn

import stetho
from stetho import activations
from stetho.activations.modules import build
from stetho.prediction.compare import compare

SIZES = [(5, 64), (5, 1024), (10, 256), (30, 64), (50, 256), (100, 128)]
CNNS = [(5, 16), (12, 32)]
INITS = ("default", "he", "critical")
NAMES = [r.name for r in activations.catalogue() if not r.gate and r.name != "identity"]
Data = tuple[torch.Tensor, torch.Tensor]


def mlp(depth: int, width: int, name: str, norm: Callable[[int], nn.Module] | None = None):
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(width, width), *([norm(width)] if norm else [])]
        layers.append(build(activations.get(name)))
    return nn.Sequential(*layers, nn.Linear(width, 10))


def cnn(depth: int, width: int, name: str):
    layers: list[nn.Module] = []
    for place in range(depth):
        layers += [nn.Conv2d(width if place else 3, width, 3, padding=1)]
        layers.append(build(activations.get(name)))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


class Residual(nn.Module):
    def __init__(self, width: int, name: str, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.norm, self.a, self.b = norm(width), nn.Linear(width, width), nn.Linear(width, width)
        self.act = build(activations.get(name))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.b(self.act(self.a(self.norm(x))))


def vectors(width: int) -> Data:
    return torch.randn(64, width), torch.randint(0, 10, (64,))


def images() -> Data:
    return torch.randn(16, 3, 8, 8), torch.randint(0, 10, (16,))


def held(model: nn.Module, data: Data):
    prediction = stetho.predict(model, data)
    return prediction, compare(prediction, stetho.check(model, data).run)


def coverage(make: Callable[[str], nn.Module], data: Callable[[], Data]) -> str:
    z = gradient = valid = flagged = 0
    for name in NAMES:
        for init in INITS:
            model, batch = make(name), data()
            if init != "default":
                stetho.init_(model, batch[0], init)
            _, compared = held(model, batch)
            trusted = [row for row in compared.rows if row.valid]
            valid += len(trusted)
            flagged += len(compared.rows) - len(trusted)
            z += sum(row.z_agrees for row in trusted)
            gradient += sum(row.grad_agrees for row in trusted)
    return f"{z / valid:.1%} | {gradient / valid:.1%} | {valid} | {flagged}"


def structure(title: str, model: nn.Module, data: Data) -> str:
    _, compared = held(model, data)
    first, last = compared.rows[0], compared.rows[-1]
    off = median(abs(row.z_std / row.z_predicted - 1) for row in compared.rows)
    flags = sum(not row.valid for row in compared.rows)
    apart = sum(not row.agrees for row in compared.rows if row.valid)
    return (
        f"| {title} | {off:.1%} | {first.grad_rms / last.grad_rms:.3g} | "
        f"{first.grad_predicted / last.grad_predicted:.3g} | {apart} | {flags} of "
        f"{len(compared.rows)} |"
    )


def main() -> None:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    torch.manual_seed(0)
    print(f"{datetime.date.today()}, torch {torch.__version__}, CPU, {len(NAMES)} functions\n")
    print("| network | z inside | gradient inside | sites | flagged |\n|---|---|---|---|---|")
    for depth, width in SIZES:
        line = coverage(lambda n: mlp(depth, width, n), lambda: vectors(width))  # noqa: B023
        print(f"| MLP {depth} × {width} | {line} |", flush=True)
    for depth, width in CNNS:
        line = coverage(lambda n: cnn(depth, width, n), images)  # noqa: B023
        print(f"| CNN {depth} × {width} | {line} |", flush=True)
    print(
        "\n| network | z off by (median) | gradient, first to last: measured | predicted | apart | "
        "flagged |\n|---|---|---|---|---|---|"
    )
    for name in ("relu", "tanh", "elu", "gelu", "silu"):
        for title, norm in (("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm)):
            model = mlp(12, 256, name, norm)
            print(structure(f"MLP 12 × 256, {title} norm, {name}", model, vectors(256)))
    for title, norm in (("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm)):
        blocks = [Residual(256, "relu", norm) for _ in range(12)]
        model = nn.Sequential(*blocks, nn.Linear(256, 10))
        print(structure(f"12 residual blocks, {title} norm, relu", model, vectors(256)))


if __name__ == "__main__":
    main()
