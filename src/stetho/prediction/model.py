"""A model and a batch → for each site what theory predicts, and how far it may be off."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.activations import Activation
from stetho.errors import UsageError
from stetho.events import IdleSink, PendingSite, SiteCall
from stetho.observe.capture import Capture
from stetho.observe.checkup import Loss, call, left_as_found, loss_of, split_batch
from stetho.observe.guard import Guard
from stetho.observe.structure import Structure
from stetho.observe.tracker import Names
from stetho.prediction.following import TapeMode
from stetho.prediction.operations import activation as apply
from stetho.prediction.tape import Edge, Tape
from stetho.prediction.text import columns, number, short
from stetho.record import Predicted, PredictedSite
from stetho.theory import MeanField

BAND = 1.96  # deviations of the logarithm: 95 %
LEAST = 0.1  # deviation of a logarithm that small batches and correlated pixels always bring
SMALLEST = 1e-74  # square of a gradient that float32 can hold
SCATTER = 16.0  # variance of the logarithm of a mean square: hardly a prediction any more
MOST = 1000.0  # of that variance: beyond it a band is everything
LIGHT = -1.0  # excess kurtosis below which z has hardly a middle (two values: −2)
HEAVY = 3.0  # excess kurtosis of z from which a normal distribution is no model of it
HEAVY_NORM = 1.0  # the same behind a normalisation, whose theory wants more of it


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePrediction:
    """One site. Gradients are per element, of the loss."""

    name: str
    function: str
    z_mean: float
    z_std: float
    z_band: tuple[float, float]  # 95 %, for networks of this width
    a_mean: float
    a_std: float
    slope_factor: float
    grad_rms: float  # ∂L/∂z
    band: tuple[float, float]  # of grad_rms, 95 %
    valid: bool
    why: str = ""  # why it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What theory says of a model before any training."""

    sites: tuple[SitePrediction, ...]
    depth_scale: float  # layers, of a plain network with this one's variances; nan: no such site
    trainable_depth: float
    unmodelled: tuple[str, ...]  # operations that were measured in place of modelled
    relative: bool  # no loss was seen: gradients are relative to that at the output

    def json(self) -> dict[str, Any]:
        """The machine-readable form, schema `stetho/predict/1`."""
        return {
            "schema": "stetho/predict/1",
            "sites": [
                {
                    "name": site.name,
                    "function": site.function,
                    "z_mean": finite(site.z_mean),
                    "z_std": finite(site.z_std),
                    "z_band": [finite(value) for value in site.z_band],
                    "slope_factor": finite(site.slope_factor),
                    "grad_rms": finite(site.grad_rms),
                    "band": [finite(value) for value in site.band],
                    "valid": site.valid,
                    "why": site.why,
                }
                for site in self.sites
            ],
            "depth_scale": finite(self.depth_scale),
            "trainable_depth": finite(self.trainable_depth),
            "unmodelled": list(self.unmodelled),
            "relative": self.relative,
        }

    def record(self) -> Predicted:
        """The same as a value that reports take, without torch."""
        sites = (
            PredictedSite(
                name=site.name,
                function=site.function,
                z_std=site.z_std,
                z_band=site.z_band,
                slope_factor=site.slope_factor,
                grad_rms=site.grad_rms,
                grad_band=site.band,
                valid=site.valid,
                why=site.why,
            )
            for site in self.sites
        )
        return Predicted(
            sites=tuple(sites),
            depth_scale=self.depth_scale,
            trainable_depth=self.trainable_depth,
            unmodelled=self.unmodelled,
            relative=self.relative,
        )

    def html(self) -> str:
        """The prediction as one self-contained HTML file."""
        from stetho.report import predicted_html

        return predicted_html({"": self.record()})

    def _repr_html_(self) -> str:
        from stetho.report import predicted_panel

        return predicted_panel(self.record())

    def __str__(self) -> str:
        return _text(self)

    __repr__ = __str__


def finite(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one forward pass showed of a site."""

    edge: Edge  # from z to a
    function: str
    kurtosis: float
    units: int


class _Sink(IdleSink):
    """Joins the sites that are seen to the tape."""

    def __init__(self, tape: Tape, other: Activation | None, training: bool) -> None:
        super().__init__()
        self.tape = tape
        self.other = other
        self.training = training
        self.seen: dict[str, _Seen] = {}

    def site(self, call: SiteCall) -> PendingSite:
        record = self.other or _record(call)
        self.seen[call.name] = _Seen(
            apply(self.tape, record, call.z, call.a, self.training),
            record.name if record is not None else call.function.name,
            _kurtosis(call.z),
            call.z.shape[1 if call.from_conv else -1] if call.z.ndim else 1,
        )
        return _Retractable(self, call.name)


@dataclass(slots=True)
class _Retractable:
    """A site that may turn out to be a part of another."""

    sink: _Sink
    name: str

    def gradients(self, upstream: Any, downstream: Any, scale: Any) -> None: ...

    def discard(self) -> None:
        self.sink.seen.pop(self.name, None)


def _record(call: SiteCall) -> Activation | None:
    if not call.function.known or call.function.name not in activations.names():
        return None
    record = activations.get(call.function.name, **dict(call.function.parameters))
    return None if record.gate else record


def _kurtosis(z: Tensor) -> float:
    x = z.detach().double()
    d = x - x.mean()
    variance = d.square().mean()
    return float(d.square().square().mean() / variance.square() - 3) if variance > 0 else 0.0


def predict(
    model: nn.Module, batch: Any, loss: Loss | None = None, activation: str | None = None
) -> Prediction:
    """Predict signal and gradient at every site of a model, by mean-field theory.

    The weights' actual means and variances and the batch's moments go in; the operations between
    are followed as they are called. The model is left as found.

    Args:
        batch, loss: as `stetho.check` takes them; the gradient starts from that of the loss with
            respect to the output, or from 1 where no loss can be computed.
        activation: predict as if every site applied this function.

    Raises:
        UsageError: no site was met, or there is no such function, or it is a gate.
    """
    other = activations.get(activation) if activation is not None else None
    if other is not None and other.gate:
        raise UsageError(f"expected a function of one number, got the gate {other.name}")
    structure = Structure(names=Names())
    tape = Tape()
    sink = _Sink(tape, other, model.training)
    capture = Capture(sink, structure, Guard(sink.fault), [model])
    structure.names.learn(model)
    inputs, targets = split_batch(batch[0] if isinstance(batch, list) else batch)
    with left_as_found(model), torch.enable_grad(), TapeMode(tape):
        capture.open()
        try:
            output = call(model, inputs)
            value = loss_of(output, targets, loss) if targets is not None or loss else None
            if value is None and isinstance(getattr(output, "loss", None), Tensor):
                value = output.loss
        finally:
            capture.close()
        start = _start(tape, value, output)
    if not sink.seen:
        raise UsageError(
            f"expected a model that applies an activation function, but none was met in a forward "
            f"pass of {type(model).__name__}"
        )
    squares, spreads = tape.gradients(start or 1.0)
    sites = tuple(
        _site(
            name=name,
            seen=sink.seen[name],
            tape=tape,
            squares=squares,
            spreads=spreads,
            normalised=site.norm is not None,
        )
        for name, site in structure.sites.items()
        if name in sink.seen
    )
    scale = _depth_scale(model, structure, sink)
    return Prediction(
        sites=sites,
        depth_scale=scale,
        trainable_depth=6 * scale,
        unmodelled=tuple(sorted(tape.unmodelled)),
        relative=start is None,
    )


def _start(tape: Tape, value: Tensor | None, output: Any) -> float | None:
    """Mean square of the gradient at the output, and where on the tape that is."""
    if value is not None and tape.output_tensor is not None and value.grad_fn is not None:
        (gradient,) = torch.autograd.grad(value, tape.output_tensor, allow_unused=True)
        if gradient is not None:
            return float(gradient.detach().double().square().mean())
    if tape.output is None:
        last = tape.node(output) if isinstance(output, Tensor) else None
        tape.output = last if last is not None else len(tape.beliefs) - 1
    return None


def _site(
    name: str,
    seen: _Seen,
    tape: Tape,
    squares: list[float],
    spreads: list[float],
    normalised: bool,
) -> SitePrediction:
    z, a = tape.beliefs[seen.edge.source], tape.beliefs[seen.edge.target]
    slope, arriving = seen.edge.factor, squares[seen.edge.target]
    gradient = arriving * slope
    own = 2 / max(1, seen.units)  # of a mean square over that many units
    spread, z_spread = spreads[seen.edge.target] + own, z.spread + own
    why = z.why
    if not LIGHT < seen.kurtosis < (HEAVY_NORM if normalised else HEAVY):
        why = why or f"z is not normal: excess kurtosis {seen.kurtosis:.1f}"
    if tape.steep:
        why = why or f"{tape.steep} parts samples of different length more and more"
    if max(spread, z_spread) > SCATTER:
        why = why or "networks of this width and depth scatter too much for a prediction"
    if 0 < gradient < SMALLEST:
        why = why or "the gradient is under float32's smallest number"
    if arriving == 0:
        gradient, why = math.nan, why or "no way back for the gradient that theory models"
    return SitePrediction(
        name=name,
        function=seen.function,
        z_mean=z.mean,
        z_std=math.sqrt(z.variance),
        z_band=_band(math.sqrt(z.variance), z_spread),
        a_mean=a.mean,
        a_std=math.sqrt(a.variance),
        slope_factor=math.sqrt(slope) if slope >= 0 else math.nan,
        grad_rms=math.sqrt(gradient) if gradient >= 0 else math.nan,
        band=_band(math.sqrt(gradient) if gradient >= 0 else math.nan, spread),
        valid=not why,
        why=why,
    )


def _band(rms: float, spread: float) -> tuple[float, float]:
    """95 % of rms for a mean square whose logarithm has this variance, and mean −variance / 2."""
    if not spread < MOST:
        return 0.0, math.inf
    deviation = math.sqrt(spread + LEAST**2)
    return (
        rms * math.exp((-spread / 2 - BAND * deviation) / 2),
        rms * math.exp((-spread / 2 + BAND * deviation) / 2),
    )


def _depth_scale(model: nn.Module, structure: Structure, sink: _Sink) -> float:
    """ξ of a plain network with the hidden layers' median σ_w², σ_b² and commonest function."""
    parameters = dict(model.named_parameters())
    w, b = [], []
    for site in structure.sites.values():
        layer = structure.layers.get(site.layer or "")
        weight = parameters.get(layer.weight or "") if layer is not None else None
        if layer is None or weight is None or site.norm is not None or layer.reads_data:
            continue
        bias = parameters.get(layer.bias or "")
        w.append(layer.fan_in * float(weight.detach().double().var(unbiased=False)))
        b.append(0.0 if bias is None else float(bias.detach().double().square().mean()))
    names = [s.function for s in sink.seen.values() if s.function in activations.names()]
    if not w or not names:
        return math.nan
    record = activations.get(Counter(names).most_common(1)[0][0])
    if record.gate:
        return math.nan
    return MeanField(record, median(w), median(b)).depth_scale


def _text(prediction: Prediction) -> str:
    rows = [("site", "z std", "slope", "gradient rms", "95 % band", "")]
    for site in prediction.sites:
        band = f"{number(site.band[0])} … {number(site.band[1])}"
        mark = "" if site.valid else "?"
        cells = (number(site.z_std), f"{number(site.slope_factor)}×", number(site.grad_rms), band)
        rows.append((short(site.name), *cells, mark))
    lines = ["Predicted, before any training", *columns(rows)]
    if prediction.relative:
        lines.append("Gradients are relative to that at the output: no loss was given.")
    if not math.isnan(prediction.depth_scale):
        lines.append(
            f"Depth scale {number(prediction.depth_scale)} layers; trainable to about "
            f"{number(prediction.trainable_depth)} (a plain network with these variances)."
        )
    lines += _doubts([(site.name, site.why) for site in prediction.sites if not site.valid])
    if prediction.unmodelled:
        lines.append(f"Measured, not modelled: {', '.join(prediction.unmodelled)}.")
    return "\n".join(
        line for text in lines for line in (textwrap.wrap(text, 80) if len(text) > 80 else [text])
    )


def _doubts(doubts: Sequence[tuple[str, str]]) -> list[str]:
    """Each reason once, with the sites that it is for."""
    by_reason: dict[str, list[str]] = {}
    for name, why in doubts:
        by_reason.setdefault(why, []).append(name)
    return [
        f"? {names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {why}."
        for why, names in by_reason.items()
    ]
