"""Every step's loss and gradients → are they finite, do they jump, and where did that begin?

In a step that is not probed this looks at the loss and at the gradients of parameters with one
dimension (biases, scales of normalisations), which any NaN on its way back passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from stetho.events import Sink
from stetho.observe import late
from stetho.observe.guard import Guard
from stetho.observe.late import LAG, LateNumbers
from stetho.observe.nonfinite import BackwardOrigin, origin_of_gradients, origin_of_loss
from stetho.observe.spikes import History, Usual, layer_inputs, root_mean_squares
from stetho.record import NonFiniteOrigin, Spike

MOST_SPIKES = 100  # of one run that are kept
LOSSES = 8  # backward passes of one step whose losses have a history each
RATES = 3  # the largest learning rate of the last steps is compared with the usual one


class Sentinel:
    """Looks at each step for little and hands what is remarkable to the sink.

    `alarmed` is set by a step that the next steps are to be probed for; the observer takes it
    back. Numbers on a CUDA device are judged some steps late (see `late`), when the graph and the
    gradients of their step are gone; those on other devices are left alone.
    """

    def __init__(self, name_of: Callable[[Tensor], str | None], guard: Guard, sink: Sink) -> None:
        self._name_of = name_of
        self._sink = sink
        self._backward = BackwardOrigin(name_of, guard)
        self._losses = [History() for _ in range(LOSSES)]
        self._norms = History()
        self._rates: list[float] = []
        self._finite = True  # whether the last loss was
        self._origin_known = False
        self._spike: Spike | None = None  # of the step in progress
        self._spikes = 0
        self._late = LateNumbers()
        self.alarmed = False

    def before_backward(
        self, loss: Tensor, step: int, index: int, probing: bool, scaled: bool
    ) -> None:
        """The step's backward pass number `index` is about to begin.

        `scaled`: a gradient scaler handles its overflows.
        """
        self._late.come(step)
        if late.on_cuda(loss):
            self._late.ask(loss, step, partial(self._late_loss, step, index))
            return
        if not loss.is_cpu:
            return
        value = loss.item()
        if not math.isfinite(value):
            self.alarmed = self.alarmed or self._finite
            self._finite = False
            self._found(loss, step)
            return
        self._finite = True
        if not scaled and not self._origin_known:
            self._backward.arm(loss, step, learn=probing)
        usual = self._losses[min(index, LOSSES - 1)].jump(value)
        if usual is not None and self._spike is None:
            self._spike = self._new_spike(step, "loss", value, usual)
            self._spike = replace(self._spike, inputs=layer_inputs(loss, self._name_of))

    def before_update(self, parameters: Sequence[Tensor], step: int, rate: float) -> None:
        """Gradients are complete and the weights are not touched yet."""
        small = _small_gradients(parameters)
        there = [gradient for gradient in small if late.on_cuda(gradient)]
        if there:
            self._late.ask(_norm(there), step, partial(self._late_norm, step))
        norm = self._sink.norm([gradient for gradient in small if not late.on_cuda(gradient)])
        if not self._origin_known and not (math.isfinite(norm) and self._backward.found is None):
            by_side = origin_of_gradients(parameters, step, self._name_of)
            if by_side is not None:
                self._report_origin(self._backward.found or by_side)
        usual = self._norms.jump(math.log(norm)) if 0 < norm < math.inf else None
        if usual is not None and self._spike is None:
            self._spike = self._new_spike(step, "gradient", norm, usual)
        if self._spike is not None:
            self._report_spike(self._spike, parameters)
        if math.isfinite(rate):
            self._rates = [*self._rates[-63:], rate]

    def _late_loss(self, step: int, index: int, value: float) -> None:
        if not math.isfinite(value):
            self.alarmed = self.alarmed or self._finite
            self._finite = False
            return
        self._finite = True
        usual = self._losses[min(index, LOSSES - 1)].jump(value)
        if usual is not None:
            self._report_spike(self._new_spike(step, "loss", value, usual, LAG), ())

    def _late_norm(self, step: int, value: float) -> None:
        usual = self._norms.jump(math.log(value)) if 0 < value < math.inf else None
        if usual is not None:
            self._report_spike(self._new_spike(step, "gradient", value, usual, LAG), ())

    def _new_spike(self, step: int, kind: str, value: float, usual: Usual, later: int = 0) -> Spike:
        """`later`: how many steps ago that was."""
        known = self._rates[: len(self._rates) - later]
        rates = sorted(known)
        return Spike(
            step=step,
            kind=kind,
            value=value,
            usual=usual.value if kind == "loss" else math.exp(usual.value),
            spread=usual.spread,
            rate=max(known[-RATES:], default=math.nan),
            usual_rate=rates[len(rates) // 2] if rates else math.nan,
        )

    def _report_spike(self, spike: Spike, parameters: Sequence[Tensor]) -> None:
        weights, gradients = root_mean_squares(parameters, self._name_of)
        self._spike = None
        self.alarmed = True
        self._spikes += 1
        if self._spikes <= MOST_SPIKES:
            self._sink.spike(replace(spike, weights=weights, gradients=gradients))

    def _found(self, loss: Tensor, step: int) -> None:
        if not self._origin_known:
            origin = origin_of_loss(loss, step, self._name_of)
            if origin is not None:
                self._report_origin(origin)

    def _report_origin(self, origin: NonFiniteOrigin) -> None:
        self._origin_known = True
        self._sink.origin(origin)


def _small_gradients(parameters: Sequence[Tensor]) -> list[Tensor]:
    """Of parameters with one dimension; where there are none, the first row of each."""
    gradients = [gradient for p in parameters if (gradient := p.grad) is not None]
    dense = [g for g in gradients if g.layout is torch.strided and (g.is_cpu or late.on_cuda(g))]
    return [g for g in dense if g.ndim <= 1] or [g[:1] for g in dense]


def _norm(gradients: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm of the gradients on one device, taken as one."""
    device = gradients[0].device
    norms = torch._foreach_norm([g.detach() for g in gradients if g.device == device])
    whole: Tensor = torch.linalg.vector_norm(torch.stack([norm.float() for norm in norms]))
    return whole
