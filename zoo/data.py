"""A name → inputs and targets that ship inside packages, or are made on the spot."""

from __future__ import annotations

import inspect
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from sklearn import datasets
from torch import Tensor


@dataclass(frozen=True)
class Task:
    """`kind`: classes, binary, regression or text (next character)."""

    x: Tensor
    y: Tensor
    kind: str
    outputs: int  # numbers that the network gives for one sample


def load(name: str, length: int = 0) -> Task:
    return TASKS[name](length)


def _standardised(x: Tensor) -> Tensor:
    spread = x.std(0)
    return (x - x.mean(0)) / torch.where(spread > 0, spread, 1.0)


def _bundle(name: str, kind: str = "classes") -> Callable[[int], Task]:
    @cache
    def make(length: int) -> Task:
        bundle = getattr(datasets, f"load_{name}")()
        x = _standardised(torch.tensor(bundle.data, dtype=torch.float32))
        if kind == "classes":
            y = torch.tensor(bundle.target)
            return Task(x, y, kind, int(y.max()) + 1)
        y = torch.tensor(bundle.target, dtype=torch.float32)[:, None]
        return Task(x, _standardised(y) if kind == "regression" else y, kind, 1)

    return make


@cache
def _raw_diabetes(length: int) -> Task:
    task = _bundle("diabetes", "regression")(0)
    y = torch.tensor(datasets.load_diabetes().target, dtype=torch.float32)[:, None]
    return Task(task.x, y, "regression", 1)


@cache
def _digits(length: int) -> Task:
    images, labels = datasets.load_digits(return_X_y=True)
    x = torch.tensor(images / 16 - 0.3, dtype=torch.float32)
    return Task(x, torch.tensor(labels), "classes", 10)


@cache
def _unit_digits(length: int) -> Task:
    task = _digits(0)
    return Task(task.x + 0.3, task.y, "classes", 10)


@cache
def _circles(length: int) -> Task:
    x, y = datasets.make_circles(800, noise=0.05, factor=0.5, random_state=0)
    x = torch.tensor(x, dtype=torch.float32) * 1.5
    return Task(x, torch.tensor(y, dtype=torch.float32)[:, None], "binary", 1)


@cache
def _blobs(length: int) -> Task:
    x, y = datasets.make_blobs(800, centers=3, cluster_std=1.5, random_state=2)
    return Task(_standardised(torch.tensor(x, dtype=torch.float32)), torch.tensor(y), "classes", 3)


@cache
def _xor(length: int) -> Task:
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).repeat(64, 1)
    y = (x.sum(1, keepdim=True) == 1).float()
    return Task(x, y, "binary", 1)


@cache
def _rows(length: int) -> Task:
    """Digits read row by row: eight steps of eight pixels."""
    task = _digits(0)
    return Task(task.x.reshape(-1, 8, 8), task.y, "classes", 10)


@cache
def _first(length: int) -> Task:
    """The class is told by the first step alone; noise follows."""
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(0, 4, (1024,), generator=generator)
    x = torch.randn(1024, length or 8, 8, generator=generator) * 0.5
    x[:, 0, :4] += 3.0 * torch.nn.functional.one_hot(y, 4)
    return Task(x, y, "classes", 4)


@cache
def _patches(length: int) -> Task:
    task = _digits(0)
    images = task.x.reshape(-1, 8, 8)
    x = images.unfold(1, 2, 2).unfold(2, 2, 2).reshape(len(images), 16, 4)
    return Task(x / x.std(), task.y, "classes", 10)


@cache
def _images(length: int) -> Task:
    task = _digits(0)
    return Task(task.x.reshape(-1, 1, 8, 8), task.y, "classes", 10)


@cache
def _text(length: int) -> Task:
    """Python source of the standard library; y is the next character."""
    source = inspect.getsource(textwrap)
    vocabulary = {c: i for i, c in enumerate(sorted(set(source)))}
    tokens = torch.tensor([vocabulary[c] for c in source])
    span = length or 32
    starts = torch.arange(0, len(tokens) - span - 1, 7)
    x = torch.stack([tokens[start : start + span] for start in starts.tolist()])
    y = torch.stack([tokens[start + 1 : start + span + 1] for start in starts.tolist()])
    return Task(x, y, "text", len(vocabulary))


TASKS: dict[str, Callable[[int], Task]] = {
    "digits": _digits,
    "unit-digits": _unit_digits,
    "wine": _bundle("wine"),
    "iris": _bundle("iris"),
    "cancer": _bundle("breast_cancer", "binary"),
    "diabetes": _bundle("diabetes", "regression"),
    "raw-diabetes": _raw_diabetes,
    "circles": _circles,
    "blobs": _blobs,
    "xor": _xor,
    "rows": _rows,
    "first": _first,
    "patches": _patches,
    "images": _images,
    "text": _text,
}


def skill(task: Task, output: Tensor, y: Tensor) -> float:
    """0: no better than the best constant answer; 1: perfect. NaN outputs have none."""
    if not bool(torch.isfinite(output).all()):
        return 0.0
    if task.kind == "regression":
        error = (output - y).square().mean() / (y - y.mean()).square().mean()
        return max(0.0, 1 - float(error))
    if task.kind == "text":
        shares = torch.bincount(y.reshape(-1), minlength=task.outputs) / y.numel()
        entropy = -float(torch.special.xlogy(shares, shares).sum())
        loss = torch.nn.functional.cross_entropy(output.transpose(1, 2), y)
        return max(0.0, 1 - float(loss) / entropy)
    guess = output.argmax(-1) if task.kind == "classes" else (output > 0).float()
    right = float((guess == y).float().mean())
    most = float(torch.unique(y, return_counts=True)[1].max()) / len(y)
    return max(0.0, (right - most) / (1 - most)) if not math.isnan(right) else 0.0
