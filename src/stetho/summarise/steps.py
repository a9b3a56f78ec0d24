"""All parameters of an optimizer's step → what is seen of them, by one call on either side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from stetho.events import ParameterState
from stetho.summarise import native
from stetho.summarise.native.views import View, view
from stetho.summarise.parameters import (
    LEFT_AT,
    NUMBERS,
    ParameterSample,
    ParameterSums,
    parameter_sums,
    plan,
    sample,
)


def samples(
    states: Sequence[ParameterState], left: Mapping[str, Tensor]
) -> dict[str, ParameterSample]:
    """`sample` of each parameter by name, in one call for all that lie on the CPU.

    `left`: of those for which somebody has looked.
    """
    found: dict[str, ParameterSample] = {}
    seen: list[tuple[ParameterState, View, View | None, int]] = []
    counts: list[int] = []
    for state in states:
        value = view(state.value)
        gradient = None if state.gradient is None else view(state.gradient)
        odd = value is None or (gradient is None and state.gradient is not None)
        if odd or value is None or state.value.dtype == torch.float64:
            found[state.name] = sample(state.value, state.gradient, left.get(state.name))
            continue
        stride, entries = plan(value[2])
        seen.append((state, value, gradient, stride))
        counts.append(entries)
    rows = torch.empty(sum(counts), dtype=torch.float32)
    numbers = torch.empty(len(seen), len(NUMBERS), dtype=torch.float64)
    at, out, items = rows.data_ptr(), numbers.data_ptr(), []
    for (_, value, gradient, stride), entries in zip(seen, counts, strict=True):
        items.append((value, gradient, stride, at, entries, out))
        at, out = at + rows.itemsize * entries, out + numbers.itemsize * len(NUMBERS)
    if not items:
        return found
    native.core.before_all(items)
    missing = torch.full((), torch.nan, dtype=torch.float64)
    numbers[:, LEFT_AT] = torch.stack([left.get(state.name, missing) for state, *_ in seen])
    parts = zip(seen, torch.split(rows, counts), numbers.unbind(), strict=True)
    for (state, *_), value_rows, row in parts:
        found[state.name] = ParameterSample(value_rows, row)
    return found


def updated(
    before: Mapping[str, ParameterSample],
    states: Sequence[ParameterState],
    last_updates: Mapping[str, Tensor],
) -> dict[str, tuple[ParameterSums, Tensor]]:
    """`parameter_sums` of each parameter by name, in one call for all on the CPU; uses `before`."""
    found: dict[str, tuple[ParameterSums, Tensor]] = {}
    items = []
    for state in states:
        known, last = before[state.name], last_updates.get(state.name)
        rows = known.value
        seen = view(state.value)
        flat = seen is not None and rows.ndim == 1 and rows.dtype == torch.float32
        stride, entries = (1, -1) if seen is None else plan(seen[2])
        same = last is None or _alike_in_kind(rows, last)
        if not (flat and same and entries == rows.numel()):
            found[state.name] = parameter_sums(known, state.value, last, state.sharded)
            continue
        there = 0 if last is None else last.data_ptr()
        items.append((seen, stride, rows.data_ptr(), there, entries, known.numbers.data_ptr()))
        sums = ParameterSums(numbers=known.numbers, sharded=state.sharded)
        found[state.name] = sums, rows
    if items:
        native.core.after_all(items)
    return found


def _alike_in_kind(rows: Tensor, last: Tensor) -> bool:
    same = last.dtype == rows.dtype and last.numel() == rows.numel()
    return same and last.is_contiguous()
