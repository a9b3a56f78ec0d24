"""Samples of tensors that lie on a device → copies on the CPU, all at once.

What a probe looks at on another device than the CPU is thinned out there, one small copy a tensor;
the copies come over together when the probe ends, and the CPU counts what there is to count.
So a step neither waits for the device nor gives it more than a handful of small tasks a site.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MOST = 2**26  # bytes on the device that may wait; beyond, they come over at once

Kind = tuple[torch.device, torch.dtype]
Sample = Tensor | None


def elsewhere(tensor: Tensor) -> bool:
    """Whether to look at this tensor would make the step wait for a device."""
    return not tensor.is_cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    samples: Sequence[Sample]
    then: Callable[..., None]


class Staging:
    """Holds samples back until `bring`."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._bytes = 0

    def take(self, samples: Sequence[Sample], then: Callable[..., None]) -> None:
        """Have `then` called with these samples, on the CPU; in the order in which they came.

        They are copied at once, so the script may change the tensors that they are taken from.
        """
        copies = [None if one is None else _copied(one) for one in samples]
        self._waiting.append(_Waiting(samples=copies, then=then))
        self._bytes += sum(one.nbytes for one in copies if one is not None)
        if self._bytes > MOST:
            self.bring()

    def forget(self) -> None:
        self._waiting, self._bytes = [], 0

    def bring(self) -> None:
        """Copy over what waits, once for each device and type, and hand it on."""
        waiting = self._waiting
        self.forget()
        lying: dict[Kind, list[Tensor]] = {}
        for one in waiting:
            for sample in one.samples:
                if sample is not None:
                    lying.setdefault((sample.device, sample.dtype), []).append(sample)
        there = {kind: iter(_brought(samples)) for kind, samples in lying.items()}
        for one in waiting:
            one.then(
                *(
                    None if sample is None else next(there[sample.device, sample.dtype])
                    for sample in one.samples
                )
            )


def _copied(sample: Tensor) -> Tensor:
    copy = torch.empty(sample.shape, dtype=sample.dtype, device=sample.device)
    return copy.copy_(sample.detach())


def _brought(samples: Sequence[Tensor]) -> Sequence[Tensor]:
    flat = torch.cat([sample.reshape(-1) for sample in samples]).cpu()
    parts = torch.split(flat, [sample.numel() for sample in samples])
    return [part.view(sample.shape) for part, sample in zip(parts, samples, strict=True)]
