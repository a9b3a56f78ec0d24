"""A model and a batch → its sites and layers as one forward pass meets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from stetho.events import LayerCall, PendingSite, SiteCall, TargetCall
from stetho.observe.capture import Capture
from stetho.observe.checkup import call, left_as_found, split_batch
from stetho.observe.guard import Guard
from stetho.observe.structure import Structure
from stetho.observe.tracker import Names


class TracingSink:
    """Takes the events of a forward pass; subclasses look at those that they need."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def begin_probe(self, step: int) -> None: ...

    def site(self, call: SiteCall) -> PendingSite:
        return _Unasked()

    def layer(self, call: LayerCall) -> None: ...

    def target(self, call: TargetCall) -> None: ...

    def before_backward(self, states: Sequence[Any]) -> None: ...

    def before_update(self, states: Sequence[Any]) -> None: ...

    def sequence(
        self, layer: str, downstream: Tensor, upstream: Tensor | None, scale: Tensor | None
    ) -> None: ...

    def agreement(self, layer: str, x: Tensor, gradient: Tensor) -> None: ...

    def after_update(self, states: Sequence[Any]) -> None: ...

    def end_probe(self, step: int, elapsed: float, lr: tuple[float, ...]) -> None: ...

    def norm(self, gradients: Sequence[Tensor]) -> float:
        return 0.0

    def loss(self, step: int, value: Tensor) -> None: ...

    def structure(
        self, sites: Sequence[Any], layers: Sequence[Any], parameters: Any, optimizers: Any
    ) -> None: ...

    def origin(self, origin: Any) -> None: ...

    def spike(self, spike: Any) -> None: ...

    def unseen(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def fault(self, traceback: str) -> None:
        raise RuntimeError(traceback)


class _Unasked:
    """A site whose gradients nobody wants."""

    def gradients(
        self, upstream: Tensor | None, downstream: Sequence[Tensor], scale: Tensor | None
    ) -> None: ...

    def discard(self) -> None: ...


def trace(model: nn.Module, batch: Any, sink: TracingSink | None = None) -> Structure:
    """Run a model forward once, and say what was met. The model is left as found.

    `batch` as `stetho.check` takes it; of a list the first. All parameters count as trained for
    the length of the pass, so that frozen parts are seen too.
    """
    structure = Structure(names=Names())
    sink = sink or TracingSink()
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
