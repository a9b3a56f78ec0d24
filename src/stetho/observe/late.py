"""Single numbers on a CUDA device → their values some steps later, without a wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LAG = 8  # steps after which a number is read; it has been copied long before


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coming:
    step: int
    read: Callable[[], float]
    then: Callable[[float], None]


class LateNumbers:
    """Which step reads which number follows from the steps' numbers alone."""

    def __init__(self) -> None:
        self._coming: deque[_Coming] = deque()

    def ask(self, value: Tensor, step: int, then: Callable[[float], None]) -> None:
        """Have `then` called with the number that a tensor of one element holds now."""
        self._coming.append(_Coming(step=step, read=reader_of(value.detach()), then=then))

    def come(self, step: int) -> None:
        """Hand on what was asked for `LAG` steps ago and before."""
        while self._coming and self._coming[0].step <= step - LAG:
            one = self._coming.popleft()
            one.then(one.read())


def on_cuda(tensor: Tensor) -> bool:
    return tensor.is_cuda


def reader_of(value: Tensor) -> Callable[[], float]:
    """What reads the number off a copy; that the copy waits for nothing is up to the driver."""
    there = torch.empty((), dtype=value.dtype, pin_memory=True)
    there.copy_(value.reshape(()), non_blocking=True)
    copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
    copied.record(torch.cuda.current_stream(value.device))

    def read() -> float:
        copied.synchronize()  # of this copy, not of all that the device was given since
        return float(there)

    return read
