"""A model and a batch → its weights set for the activation functions that follow them.

Which function follows a layer is seen in a forward pass, not guessed from the order in which
modules were registered.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.activations import Activation
from stetho.errors import UsageError
from stetho.events import IdleSink, PendingSite, SiteCall
from stetho.observe.checkup import trace
from stetho.observe.structure import Structure
from stetho.record import Layer, Site
from stetho.surgery.report import Change, Surgery
from stetho.theory import critical, gain

METHODS = ("he", "glorot", "lecun", "critical", "lsuv")
CLOSE = 1e-3  # relative error of a deviation that is good enough
TURNS = 10  # passes that one layer may take
WITHOUT_POINT = 0.05  # σ_b² where a function has no critical point without biases


def init_(
    model: nn.Module,
    batch: Any,
    method: str = "he",
    generator: torch.Generator | None = None,
    *,
    draws: str = "new",
) -> Surgery:
    """Draw a model's weights anew, each with the gain of the activation function that follows it.

    Args:
        batch: as `stetho.check` takes it, to see what follows what.
        method: "he": variance gain² / fan-in (He et al. 2015); "glorot": gain² · 2 / (fan-in +
            fan-out) (Glorot and Bengio 2010); "lecun": as "he", with the gain that makes the
            variance of the outputs 1 rather than their second moment (LeCun et al. 1998);
            "critical": on the function's critical line, biases too (Schoenholz et al. 2017);
            "lsuv": orthogonal, then scaled in call order until each z has variance 1 on the batch
            (Mishkin and Matas 2016).
        generator: where the numbers come from; torch's own by default.
        draws: "kept" scales the numbers that are there to the variance wanted, and draws none:
            networks that differ in their function alone then keep the same raw draws.

    Layers that no activation function follows get gain 1. Biases become 0, or are drawn with the
    variance of the critical point. Normalisations, embeddings and all else stay.

    Raises:
        UsageError: no such method, or no layer with weights was met.
    """
    if method not in METHODS:
        raise UsageError(f"expected one of {', '.join(METHODS)} as the method, got {method!r}")
    if draws not in ("new", "kept"):
        raise UsageError(f"expected draws to be 'new' or 'kept', got {draws!r}")
    structure = trace(model, batch)
    done = Surgery(f"init {method}")
    drawn = 0
    for layer, weight, bias, function in _layers(model, structure):
        record = _record(function)
        std, shift = _scale(method, record, weight, done)
        with torch.no_grad():
            _keep(done, weight)
            if draws == "kept":
                _scale_to(weight, std)
            elif method == "lsuv":
                nn.init.orthogonal_(weight, generator=generator)
            else:
                weight.normal_(0.0, std, generator=generator)
            if bias is not None:
                _keep(done, bias)
                if not shift:
                    bias.zero_()
                elif draws == "kept":
                    _scale_to(bias, shift)
                else:
                    bias.normal_(0.0, shift, generator=generator)
        name = record.name if record is not None else "nothing"
        done.did(Change(layer.weight or layer.name, "", f"std {std:.4g}", f"before {name}"))
        drawn += 1
    if not drawn:
        raise UsageError(
            "expected a model with linear or convolutional layers, but none was met in a forward "
            f"pass of {type(model).__name__}; give a batch that runs through all of it"
        )
    if method == "lsuv":
        ones = dict.fromkeys(structure.sites, 1.0)
        match_deviations(model, batch, ones, done)
    return done


def _scale_to(tensor: Tensor, std: float) -> None:
    """Give what is there a root mean square of `std`; zeros stay."""
    rms = float(tensor.double().square().mean().sqrt())
    if rms > 0 and math.isfinite(rms):
        tensor.mul_(std / rms)


def _scale(
    method: str, record: Activation | None, weight: Tensor, done: Surgery
) -> tuple[float, float]:
    """Deviation of the weights and of the biases."""
    fan_in, fan_out = _fans(weight)
    if record is None or method == "lsuv":
        return 1 / math.sqrt(fan_in), 0.0
    if method == "critical":
        sigma_w2, sigma_b2, _, note = _critical(record)
        if note and note not in done.notes:
            done.notes.append(note)
        return math.sqrt(sigma_w2 / fan_in), math.sqrt(sigma_b2)
    factor = gain(record, "variance" if method == "lecun" else "forward")
    fan = (fan_in + fan_out) / 2 if method == "glorot" else fan_in
    return factor / math.sqrt(fan), 0.0


@lru_cache(maxsize=64)
def _critical(record: Activation) -> tuple[float, float, float, str]:
    """σ_w², σ_b² and q* of a critical point, and a note where it is not the plain one."""
    with_biases = f"{record.name} is critical only with biases: their variance is {WITHOUT_POINT:g}"
    for sigma_b2, note in ((0.0, ""), (WITHOUT_POINT, with_biases)):
        try:
            sigma_w2, length = critical(record, sigma_b2)
        except UsageError:
            continue
        return sigma_w2, sigma_b2, length, note
    note = f"{record.name} has no critical point: the forward gain stands in"
    return gain(record) ** 2, 0.0, 1.0, note


def _fans(weight: Tensor) -> tuple[int, int]:
    field = weight[0, 0].numel() if weight.ndim > 2 else 1
    return weight.shape[1] * field, weight.shape[0] * field


def _layers(
    model: nn.Module, structure: Structure
) -> list[tuple[Layer, Tensor, Tensor | None, Site | None]]:
    """Layers in call order with their weight, bias and the site that follows; each weight once."""
    parameters = dict(model.named_parameters())
    follows: dict[str, Site] = {}
    for site in structure.sites.values():
        if site.layer is not None and site.norm is None:
            follows.setdefault(site.layer, site)
    found: list[tuple[Layer, Tensor, Tensor | None, Site | None]] = []
    seen: set[int] = set()
    for layer in structure.layers.values():
        weight = parameters.get(layer.weight or "")
        plain = layer.kind == "linear" or layer.kind.startswith("conv")
        if weight is None or weight.ndim < 2 or id(weight) in seen or not plain:
            continue
        seen.add(id(weight))
        found.append((layer, weight, parameters.get(layer.bias or ""), follows.get(layer.name)))
    return found


def _record(site: Site | None) -> Activation | None:
    if site is None or not site.function.known:
        return None
    record = activations.get(site.function.name, **dict(site.function.parameters))
    return None if record.gate else record


def _keep(done: Surgery, tensor: Tensor) -> None:
    """Let an undo bring a tensor's values back."""
    before = tensor.detach().clone()

    def back() -> None:
        with torch.no_grad():
            tensor.copy_(before)

    done._back.append(back)


# -- by data ---------------------------------------------------------------------------------------


class _Deviations(IdleSink):
    """The deviation of each site's z."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, float] = {}

    def site(self, call: SiteCall) -> PendingSite:
        self.of[call.name] = float(call.z.detach().double().std(unbiased=False))
        return super().site(call)


def site_deviations(model: nn.Module, batch: Any) -> dict[str, float]:
    """Deviation of z by site, in call order."""
    sink = _Deviations()
    structure = trace(model, batch, sink)
    return {name: sink.of[name] for name in structure.sites}


def match_deviations(model: nn.Module, batch: Any, wanted: dict[str, float], done: Surgery) -> None:
    """Scale the weights before each site, in call order, until z has the deviation wanted.

    Sites are matched by their place in call order, as a swap changes their names. Sites behind a
    normalisation need nothing, and a weight that serves several sites is scaled for the first.
    NaN: that site is left as it is.
    """
    targets = list(wanted.values())
    structure = trace(model, batch)
    parameters = dict(model.named_parameters())
    scaled: set[int] = set()
    for place, site in enumerate(structure.sites.values()):
        layer = structure.layers.get(site.layer or "")
        weight = parameters.get(layer.weight or "") if layer is not None else None
        if layer is None or weight is None or site.norm is not None or place >= len(targets):
            continue
        if math.isnan(targets[place]):
            continue
        if id(weight) in scaled:
            done.notes.append(f"{site.name}: its weight serves another site, and was scaled for it")
            continue
        scaled.add(id(weight))
        factor = _scale_until(
            model=model, batch=batch, place=place, weight=weight, target=targets[place], done=done
        )
        if factor != 1:
            done.did(Change(layer.weight or "", "", f"× {factor:.4g}", f"before {site.name}"))


def _scale_until(
    model: nn.Module, batch: Any, place: int, weight: Tensor, target: float, done: Surgery
) -> float:
    _keep(done, weight)
    total = 1.0
    for _ in range(TURNS):
        now = list(site_deviations(model, batch).values())[place]
        if not now > 0 or not math.isfinite(now) or abs(now / target - 1) < CLOSE:
            break
        with torch.no_grad():
            weight.mul_(target / now)
        total *= target / now
    return total


def make_critical(
    model: nn.Module, batch: Any, record: Activation, done: Surgery, draws: str = "new"
) -> None:
    """Draw the weights at their functions' critical points, then fit the scale before `record`."""
    inner = init_(model, batch, "critical", draws=draws)
    done.changes += inner.changes
    done.notes += inner.notes
    done._back += inner._back
    length = math.sqrt(_critical(record)[2])
    sites = trace(model, batch).sites
    wanted = {
        name: math.nan if site.output or site.function.name != record.name else length
        for name, site in sites.items()
    }
    match_deviations(model, batch, wanted, done)
