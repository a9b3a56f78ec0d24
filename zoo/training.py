"""A spec and a seed → a training, step by step, as a plain script does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.data import Task, load, skill
from zoo.models import Raise, build
from zoo.spec import Spec

Hook = Callable[[int, Tensor], None]


def nothing(step: int, loss: Tensor) -> None:
    """A hook that does nothing."""


@dataclass
class Training:
    """All that a script has in hand when its loop begins."""

    spec: Spec
    task: Task
    x: Tensor
    y: Tensor
    model: nn.Module
    optimizer: torch.optim.Optimizer
    order: torch.Generator

    @classmethod
    def of(cls, spec: Spec, seed: int) -> Training:
        torch.manual_seed(seed)
        task = load(spec.data, spec.length)
        x, y = _spoiled(task, spec, seed)
        model = build(spec, task)
        optimizer = _optimizer(model, spec)
        return cls(
            spec=spec,
            task=task,
            x=x,
            y=y,
            model=model,
            optimizer=optimizer,
            order=torch.Generator().manual_seed(seed),
        )

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        return loss_of(self.spec, self.task, output, y)

    def batches(self) -> list[Tensor]:
        """Indices of each step's samples: epochs of shuffled samples, cut into batches."""
        spec, found = self.spec, []
        while len(found) < spec.steps:
            parts = torch.randperm(len(self.x), generator=self.order).split(spec.batch)
            whole = [part for part in parts if len(part) == min(spec.batch, len(self.x))]
            found += whole
        return found[: spec.steps]

    def batch(self, step: int, index: Tensor) -> tuple[Tensor, Tensor]:
        x, y = self.x[index], self.y[index]
        if self.spec.nan == "data" and step >= self.spec.onset:
            x = x.clone()
            x[0] = torch.nan
        return x, y

    def run(self, after_backward: Hook = nothing, after_step: Hook = nothing) -> None:
        """Train. The hooks are where a tool's documentation has its user put a call."""
        spec = self.spec
        for step, index in enumerate(self.batches()):
            self._begin(step)
            x, y = self.batch(step, index)
            if spec.zero_grad:
                self.optimizer.zero_grad()
            loss = self.loss(self.model(x), y)
            loss.backward()
            if spec.clip:
                nn.utils.clip_grad_norm_(self.model.parameters(), spec.clip)
            after_backward(step, loss)
            self.optimizer.step()
            after_step(step, loss)

    def _begin(self, step: int) -> None:
        if step != self.spec.onset:
            return
        for group in self.optimizer.param_groups:
            group["lr"] *= self.spec.jump
        for module in self.model.modules():
            if isinstance(module, Raise):
                module.on = True

    @torch.no_grad()
    def skill(self) -> float:
        """On the data trained on, with the labels that are right."""
        if not all(bool(torch.isfinite(p).all()) for p in self.model.parameters()):
            return 0.0
        self.model.eval()
        output = self.model(self.x[:1024])
        self.model.train()
        if self.spec.output == "sigmoid":  # the answer is the same: above or below one half
            output = output - 0.5 if self.task.kind == "binary" else output
        return skill(self.task, output, self.task.y[:1024])


def _spoiled(task: Task, spec: Spec, seed: int) -> tuple[Tensor, Tensor]:
    x, y = task.x, task.y
    if x.is_floating_point():
        x = torch.zeros_like(x) if spec.input_zero else x * spec.input_scale + spec.input_offset
    if spec.noise:
        generator = torch.Generator().manual_seed(seed + 1)
        drawn = torch.rand(len(y), generator=generator) < spec.noise
        other = y[torch.randperm(len(y), generator=generator)]
        y = torch.where(drawn.reshape(-1, *[1] * (y.ndim - 1)), other, y)
    return x, y


def _optimizer(model: nn.Module, spec: Spec) -> torch.optim.Optimizer:
    layers = [m for m in model.modules() if list(m.parameters(recurse=False))]
    left_out = {
        id(parameter)
        for module in layers[: round(spec.frozen * len(layers))]
        for parameter in module.parameters(recurse=False)
    }
    held = [parameter for parameter in model.parameters() if id(parameter) not in left_out]
    if not held:
        held = [next(reversed(list(model.parameters())))]  # the head's bias alone
    settings = {"lr": spec.lr, "weight_decay": spec.weight_decay}
    if spec.optimizer == "momentum":
        return torch.optim.SGD(held, momentum=0.9, **settings)
    kinds = {
        "sgd": torch.optim.SGD,
        "rmsprop": torch.optim.RMSprop,
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }
    return kinds[spec.optimizer](held, **settings)


OUTPUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "": lambda output: output,
    "softmax": lambda output: F.softmax(output, -1),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
}


def loss_of(spec: Spec, task: Task, output: Tensor, y: Tensor) -> Tensor:
    output = OUTPUTS[spec.output](output)
    if spec.loss == "broadcast":
        return F.mse_loss(output, y[:, 0])
    if spec.loss == "squared":
        return F.mse_loss(output, F.one_hot(y, task.outputs).float())
    if task.kind == "text":
        return F.cross_entropy(output.flatten(0, 1), y.flatten())
    if task.kind == "classes":
        return F.cross_entropy(output, y)
    if task.kind == "binary":
        return F.binary_cross_entropy_with_logits(output, y)
    return F.mse_loss(output, y)
