"""What one probe measured, before it becomes numbers ↔ bytes; and several of them → one.

Ranks of a distributed run hand each other such parts by way of files. The bytes are one line of
JSON, with the shapes, and then the tensors as float64: nothing is unpickled.
"""

from __future__ import annotations

import ctypes
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from stetho.record import Criterion
from stetho.summarise.agreement import AgreementSummary
from stetho.summarise.gradients import GradientSummary
from stetho.summarise.layers import LayerSummary
from stetho.summarise.moments import Moments, Spread
from stetho.summarise.parameters import ParameterSums
from stetho.summarise.sequence import SequenceSummary
from stetho.summarise.site import SiteSummary
from stetho.summarise.targets import TargetRange, TargetSummary, add_range

T = TypeVar("T")


@dataclass(slots=True)
class SiteTotal:
    """One site in one probe, over all calls whose gradient has come."""

    summary: SiteSummary
    up: GradientSummary
    down: GradientSummary
    shift: Tensor | None

    def __add__(self, other: SiteTotal) -> SiteTotal:
        return SiteTotal(
            self.summary + other.summary, self.up + other.up, self.down + other.down, self.shift
        )


@dataclass(slots=True)
class ProbeParts:
    """All that one probe measured, of one rank or of several together."""

    step: int
    elapsed: float
    lr: tuple[float, ...]
    loss: float = math.nan
    sites: dict[str, SiteTotal] = field(default_factory=dict)
    layers: dict[str, LayerSummary] = field(default_factory=dict)
    parameters: dict[str, ParameterSums] = field(default_factory=dict)
    targets: TargetSummary | None = None
    target_scale: float = 1.0
    sequences: dict[str, SequenceSummary] = field(default_factory=dict)
    ranges: dict[str, TargetRange] = field(default_factory=dict)
    agreements: dict[str, AgreementSummary] = field(default_factory=dict)


def together(parts: Sequence[ProbeParts], say: Callable[[str], None]) -> ProbeParts:
    """Parts of all ranks as if one process had run the joined batch; the first one leads.

    The loss of the whole is the mean of the ranks' losses, so their gradients count by 1 / ranks.
    """
    first, count = parts[0], len(parts)
    targets = None
    for one in parts:
        if one.targets is not None:
            targets = one.targets if targets is None else targets + one.targets
    sites = _added([one.sites for one in parts], say)
    return replace(
        first,
        loss=sum(one.loss for one in parts) / count,
        sites={name: _of_mean_loss(total, count) for name, total in sites.items()},
        layers=_added([one.layers for one in parts], say),
        parameters={
            name: _added_shards([one.parameters.get(name) for one in parts])
            for name in first.parameters
        },
        targets=targets,
        sequences={
            name: summary.scaled(1 / count)
            for name, summary in _added([one.sequences for one in parts], say).items()
        },
        ranges=_joined_ranges(parts),
        agreements=_added([one.agreements for one in parts], say),
    )


def _joined_ranges(parts: Sequence[ProbeParts]) -> dict[str, TargetRange]:
    whole: dict[str, TargetRange] = {}
    for one in parts:
        for seen in one.ranges.values():
            add_range(whole, seen)
    return whole


def _added(tables: Sequence[Mapping[str, Any]], say: Callable[[str], None]) -> dict[str, Any]:
    """The sums of what all tables have under one name."""
    whole = dict(tables[0])
    for rank, table in enumerate(tables[1:], start=1):
        for name, value in table.items():
            if name not in whole:
                say(f"{name}: only some of the ranks have it; what they measured is left out")
                continue
            try:
                whole[name] = whole[name] + value
            except (ValueError, RuntimeError):
                say(f"{name}: rank {rank} has another shape there; its numbers are left out")
    return whole


def _added_shards(sums: Sequence[ParameterSums | None]) -> ParameterSums:
    """A parameter that ranks share out is added up; of one that all hold, the first is taken."""
    first = sums[0]
    assert first is not None, "the names are those of the first"
    if first.sharded:
        for other in sums[1:]:
            first = first if other is None else first + other
    return first


def _of_mean_loss(total: SiteTotal, count: int) -> SiteTotal:
    return replace(total, up=total.up.divided(count), down=total.down.divided(count))


# -- bytes ---------------------------------------------------------------------------------------

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(ProbeParts, SiteTotal, SiteSummary, GradientSummary, LayerSummary),
        *(Moments, Spread, ParameterSums, TargetSummary, SequenceSummary),
        *(TargetRange, Criterion, AgreementSummary),
    )
}


def pack(parts: ProbeParts) -> bytes:
    tensors: list[Tensor] = []

    def plain(value: Any) -> Any:
        if isinstance(value, Tensor):
            tensors.append(value.detach().reshape(-1).double())
            return {"tensor": list(value.shape)}
        if is_dataclass(value):
            content = {one.name: plain(getattr(value, one.name)) for one in fields(value)}
            return {"kind": type(value).__name__, "fields": content}
        if isinstance(value, dict):
            return {"table": {name: plain(one) for name, one in value.items()}}
        return list(value) if isinstance(value, tuple) else value

    head = json.dumps(plain(parts)).encode()
    flat = torch.cat(tensors).cpu().contiguous() if tensors else torch.empty(0)
    return head + b"\n" + ctypes.string_at(flat.data_ptr(), 8 * flat.numel())


def unpack(content: bytes) -> ProbeParts:
    head, _, body = content.partition(b"\n")
    numbers = torch.frombuffer(bytearray(body), dtype=torch.float64) if body else torch.empty(0)
    place = 0

    def whole(value: Any) -> Any:
        nonlocal place
        if not isinstance(value, dict):
            return tuple(value) if isinstance(value, list) else value
        if "tensor" in value:
            shape = value["tensor"]
            begin, place = place, place + math.prod(shape)
            return numbers[begin:place].reshape(shape)
        if "kind" in value:
            content = {name: whole(one) for name, one in value["fields"].items()}
            return KINDS[value["kind"]](**content)
        return {name: whole(one) for name, one in value["table"].items()}

    parts = whole(json.loads(head))
    assert isinstance(parts, ProbeParts)
    return parts
