"""Parameters around the optimizer's step of a probe → sums over each, and its last update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from stetho.events import ParameterState
from stetho.summarise import parameters, steps
from stetho.summarise.parameters import ParameterSample, ParameterSums
from stetho.summarise.staging import Staging, elsewhere


class AroundSteps:
    """`sums` holds what a probe has seen of each parameter, once its step is over.

    Of parameters on a device that is after `Staging.bring`.
    """

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._updates: dict[str, tuple[int, Tensor]] = {}  # parameter → step, update
        self.begin_probe(0)

    def begin_probe(self, step: int) -> None:
        self._step = step
        self.sums: dict[str, ParameterSums] = {}
        self._samples: dict[str, ParameterSample] = {}
        self._left: dict[str, Tensor] = {}  # parameter → Σ g² before this probe's backward passes

    def before_backward(self, states: Sequence[ParameterState]) -> None:
        """The least of several passes counts: all but the first of them find a gradient there."""
        for state in states:
            name, gradient = state.name, state.gradient
            if gradient is None or not elsewhere(gradient):
                self._found_left(name, gradient)
            else:
                found = partial(self._found_left, name)
                self._staging.take([parameters.sampled(gradient)], found)

    def _found_left(self, name: str, gradient: Tensor | None) -> None:
        there, known = parameters.left(gradient), self._left.get(name)
        self._left[name] = there if known is None else torch.minimum(known, there)

    def before_update(self, states: Sequence[ParameterState]) -> None:
        self._on_cpu(states, self._before_update)

    def _before_update(self, states: Sequence[ParameterState]) -> None:
        self._samples.update(steps.samples(states, self._left))

    def after_update(self, states: Sequence[ParameterState]) -> None:
        self._on_cpu(states, self._after_update)

    def _after_update(self, states: Sequence[ParameterState]) -> None:
        seen = [state for state in states if state.name in self._samples]
        before, last = {}, {}
        for state in seen:
            known = self._samples.pop(state.name)
            if state.gradient is not None:
                known = parameters.with_gradient(known, state.gradient)
            before[state.name] = known
            step, update = self._updates.get(state.name, (-2, None))
            if update is not None and step == self._step - 1:
                last[state.name] = update
        for name, (sums, update) in steps.updated(before, seen, last).items():
            self.sums[name] = sums
            self._updates[name] = (self._step, update)

    def end_probe(self) -> None:
        for name, before in self._samples.items():  # a check-up ends without an optimizer's step
            self.sums[name] = parameters.still_sums(before)

    def _on_cpu(
        self,
        states: Sequence[ParameterState],
        take: Callable[[Sequence[ParameterState]], None],
    ) -> None:
        """Have `take` called with the states, and later with samples of those on a device."""
        there = [state for state in states if elsewhere(state.value)]
        if not there:
            take(states)
            return
        take([state for state in states if not elsewhere(state.value)])
        gradients = [state.gradient for state in there]
        count = len(there)

        def arrived(*samples: Tensor | None) -> None:
            brought = zip(there, samples[:count], samples[count:], strict=True)
            take(
                [
                    state._replace(value=value, gradient=gradient)
                    for state, value, gradient in brought
                    if value is not None
                ]
            )

        values = [parameters.sampled(state.value) for state in there]
        known = [None if one is None else parameters.sampled(one) for one in gradients]
        self._staging.take([*values, *known], arrived)
