"""Measures what other ways of watching cost beside ours: `python bench/peers.py [--rounds N]`.

Every watcher looks at every step, and takes its turn between two plain stretches of the same
training. Used as the documentation of each says; those that are not installed are named
(`pip install torchdiag gradlens torch-audit tensorboard wandb`). Printed as a Markdown table.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

import stetho
from models import MODELS
from run import spread, typical

Watcher = Callable[[nn.Module, torch.optim.Optimizer], contextlib.AbstractContextManager[Any]]


@contextlib.contextmanager
def _around_steps(
    optimizer: torch.optim.Optimizer,
    before: Callable[[], object] | None = None,
    after: Callable[[], object] | None = None,
) -> Iterator[None]:
    """Call `before` between backward and the optimizer's step, `after` behind it."""
    handles = []
    if before is not None:
        handles.append(optimizer.register_step_pre_hook(lambda *_: before() and None))
    if after is not None:
        handles.append(optimizer.register_step_post_hook(lambda *_: after() and None))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def by_stetho(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    with stetho.watch(model, optimizer, every=1):
        yield


@contextlib.contextmanager
def by_hand(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Mean, deviation and share of zeros of every module's output and of its gradient."""
    seen: dict[str, tuple[float, float, float]] = {}

    def look(name: str, x: Tensor) -> None:
        x = x.detach()
        seen[name] = (x.mean().item(), x.std().item(), (x == 0).float().mean().item())

    def hook(name: str) -> Callable[..., None]:
        def forward(_: nn.Module, __: Any, output: Any) -> None:
            if not isinstance(output, Tensor) or not output.is_floating_point():
                return
            look(name, output)
            if output.requires_grad:
                output.register_hook(lambda gradient: look(f"{name}/gradient", gradient))

        return forward

    leaves = [(name, m) for name, m in model.named_modules() if not list(m.children())]
    handles = [module.register_forward_hook(hook(name)) for name, module in leaves]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def by_torchdiag(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """`check_gradients` after every backward pass."""
    import torchdiag

    with _around_steps(optimizer, before=lambda: torchdiag.check_gradients(model)):
        yield


@contextlib.contextmanager
def by_gradlens(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    import gradlens

    monitor = gradlens.watch(model)
    try:
        with _around_steps(optimizer, after=lambda: monitor.log(loss=0.0)):
            yield
    finally:
        monitor.hooks.remove_hooks()


@contextlib.contextmanager
def by_torch_audit(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    from torch_audit import autopatch

    auditor = autopatch(model, optimizer=optimizer, every_n_steps=1, reporters=[])
    try:
        yield
    finally:
        auditor.unpatch()


@contextlib.contextmanager
def by_tensorboard(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """A histogram of every parameter and of its gradient."""
    from torch.utils.tensorboard import SummaryWriter

    with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:
        steps = iter(range(10**9))

        def write() -> None:
            step = next(steps)
            for name, parameter in model.named_parameters():
                writer.add_histogram(name, parameter, step)
                if parameter.grad is not None:
                    writer.add_histogram(f"{name}/gradient", parameter.grad, step)

        with _around_steps(optimizer, before=write):
            yield


@contextlib.contextmanager
def by_wandb(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """`wandb.watch(log="all", log_freq=1)`, offline."""
    import wandb

    with tempfile.TemporaryDirectory() as folder:
        run = wandb.init(mode="offline", dir=folder, settings=wandb.Settings(silent=True))
        wandb.watch(model, log="all", log_freq=1)
        try:
            with _around_steps(optimizer, after=lambda: run.log({"loss": 0.0})):
                yield
        finally:
            wandb.unwatch(model)
            run.finish()


WATCHERS: dict[str, Watcher] = {
    "stetho": by_stetho,
    "hooks by hand": by_hand,
    "torchdiag": by_torchdiag,
    "gradlens": by_gradlens,
    "torch-audit": by_torch_audit,
    "TensorBoard histograms": by_tensorboard,
    "wandb.watch": by_wandb,
}


def extra(made: tuple[Any, ...], watcher: Watcher, count: int) -> tuple[float, float]:
    """Seconds of a plain step, and what a watched one takes more."""
    model, optimizer, step = made
    before = typical(step, count)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with watcher(model, optimizer):
            typical(step, 3)
            watched = typical(step, count)
    plain = (before + typical(step, count)) / 2
    return plain, watched - plain


def installed(names: list[str]) -> dict[str, Watcher]:
    """Those of the watchers that can be tried; says why others cannot."""
    found = {}
    for name in names:
        model = nn.Linear(2, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        try:
            with contextlib.redirect_stdout(io.StringIO()), WATCHERS[name](model, optimizer):
                model(torch.ones(1, 2)).sum().backward()
                optimizer.step()
        except ImportError as error:
            print(f"{name}: not installed ({error})")
            continue
        found[name] = WATCHERS[name]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=5, help="of a stretch")
    parser.add_argument("--only", choices=list(MODELS), nargs="*", help="by default all")
    arguments = parser.parse_args()
    os.environ["WANDB_SILENT"] = "true"
    logging.disable(logging.WARNING)
    torch.manual_seed(0)
    watchers = installed(list(WATCHERS))
    networks = arguments.only or list(MODELS)
    print(f"| a step watched by | {' | '.join(networks)} |\n|{'---|' * (len(networks) + 1)}")
    cells: dict[str, list[str]] = {name: [] for name in watchers}
    for network in networks:
        made = MODELS[network]()
        typical(made[2], 10)
        found: dict[str, list[float]] = {name: [] for name in watchers}
        for _ in range(arguments.rounds):
            for name, watcher in watchers.items():
                plain, more = extra(made, watcher, arguments.steps)
                found[name].append(more / plain)
        for name, ratios in found.items():
            cells[name].append(f"+{spread(ratios, 100, '%')}")
    for name, row in cells.items():
        print(f"| {name} | {' | '.join(row)} |")


if __name__ == "__main__":
    main()
