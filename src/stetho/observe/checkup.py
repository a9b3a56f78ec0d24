"""A model and a batch → one probe, or one pass forward; the model is left as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stetho.errors import UsageError
from stetho.events import IdleSink, ParameterState, Sink
from stetho.observe.capture import Capture
from stetho.observe.guard import Guard
from stetho.observe.structure import Structure
from stetho.observe.tracker import Names

Loss = Callable[[Any, Any], Any]


def checkup(model: nn.Module, batch: Any, loss: Loss | None, sink: Sink) -> None:
    """Run one probe on a model without a step, and hand it to the sink."""
    structure = Structure(names=Names())
    capture = Capture(sink, structure, Guard(sink.fault), [model])
    structure.names.learn(model)
    batches = batch if isinstance(batch, list) else [batch]
    with left_as_found(model):
        sink.begin_probe(0)
        try:
            losses = [_one_batch(model, one, loss, capture, sink) for one in batches]
        finally:
            capture.close()
        states = [
            ParameterState(
                structure.learn_parameter(parameter, optimizer=-1),
                parameter.detach(),
                parameter.grad,
            )
            for parameter in model.parameters()
        ]
        sink.before_update(states)
        sink.structure(
            list(structure.sites.values()),
            list(structure.layers.values()),
            list(structure.parameters.values()),
            [],
        )
        sink.loss(0, torch.stack(losses).mean())
        sink.end_probe(0, 0.0, ())


def _one_batch(
    model: nn.Module, batch: Any, loss: Loss | None, capture: Capture, sink: Sink
) -> Tensor:
    inputs, targets = split_batch(batch)
    capture.open()
    with torch.enable_grad():
        value = loss_of(call(model, inputs), targets, loss)
        matching = capture.matching_target(value)
        if matching is not None:
            sink.target(matching)
        torch.autograd.backward(value)
    capture.scene.end_probe()
    return value.detach().double()


@dataclass(frozen=True, slots=True)
class Call:
    """All arguments of one call of a model, as a script gave them."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


def call(model: nn.Module, inputs: Any) -> Any:
    """The model's output for what `split_batch` gave."""
    if isinstance(inputs, Call):
        return model(*inputs.args, **inputs.kwargs)
    return model(**inputs) if isinstance(inputs, Mapping) else model(*inputs)


def split_batch(batch: Any) -> tuple[Any, Any]:
    """(inputs, targets) of a batch; inputs are a tuple, a mapping of keywords, or a call."""
    if isinstance(batch, Call):
        return batch, None
    if isinstance(batch, Tensor):
        return (batch,), None
    if isinstance(batch, Mapping):
        return batch, None
    if isinstance(batch, Sequence) and len(batch) == 2:
        inputs, targets = batch
        return (inputs if isinstance(inputs, (tuple, Mapping)) else (inputs,)), targets
    raise UsageError(
        "expected a batch as a tensor, a pair (inputs, targets) or a mapping of keyword arguments, "
        f"got a {type(batch).__name__}"
    )


def loss_of(output: Any, targets: Any, loss: Loss | None) -> Tensor:
    value = _default_loss(output, targets) if loss is None else loss(output, targets)
    if not isinstance(value, Tensor) or value.numel() != 1 or value.grad_fn is None:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise UsageError(
            f"expected the loss to be a scalar tensor that depends on the model, got {got}; give "
            "a function loss(output, targets) that returns one"
        )
    return value


def _default_loss(output: Any, targets: Any) -> Tensor:
    own = getattr(output, "loss", None)
    if isinstance(own, Tensor):
        return own
    first = output
    while not isinstance(first, Tensor):
        found = getattr(first, "logits", getattr(first, "last_hidden_state", None))
        if found is None:
            found = next(iter(first.values() if isinstance(first, Mapping) else first))
        first = found
    if targets is None:
        return first.float().square().mean()
    if not targets.is_floating_point():
        return F.cross_entropy(first, targets)
    return F.mse_loss(first, targets)


def _devices() -> list[int]:
    """Accelerators in use; asking must not wake them."""
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return list(range(torch.cuda.device_count())) if used else []


@contextmanager
def left_as_found(model: nn.Module) -> Iterator[None]:
    """Gradients, buffers and random state are afterwards what they were before."""
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    cuda = _devices()
    with torch.random.fork_rng(devices=cuda):
        for parameter, _ in gradients:
            parameter.grad = None
        try:
            yield
        finally:
            for parameter, gradient in gradients:
                parameter.grad = gradient
            with torch.no_grad():
                for buffer, value in buffers:
                    buffer.copy_(value)


def trace(model: nn.Module, batch: Any, sink: IdleSink | None = None) -> Structure:
    """Run a model forward once, and say what was met. The model is left as found.

    `batch` as `stetho.check` takes it; of a list the first. All parameters count as trained for
    the length of the pass, so that frozen parts are seen too.
    """
    structure = Structure(names=Names())
    sink = sink or IdleSink()
    capture = Capture(sink, structure, Guard(sink.fault), [model])
    structure.names.learn(model)
    inputs, _ = split_batch(batch[0] if isinstance(batch, list) else batch)
    frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    with left_as_found(model), torch.enable_grad():
        for parameter in frozen:
            parameter.requires_grad_(True)
        try:
            capture.open()
            call(model, inputs)
        finally:
            capture.close()
            for parameter in frozen:
                parameter.requires_grad_(False)
    return structure
