"""A model and a batch → its sites and layers as one forward pass meets them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from stetho.events import IdleSink
from stetho.observe.capture import Capture
from stetho.observe.checkup import call, left_as_found, split_batch
from stetho.observe.guard import Guard
from stetho.observe.structure import Structure
from stetho.observe.tracker import Names


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
