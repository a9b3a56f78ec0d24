"""A model, a function's name and another's → the model with the second in place of the first."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from stetho import activations
from stetho.activations import Activation
from stetho.activations.modules import build
from stetho.errors import UsageError
from stetho.observe.elementwise import recognise
from stetho.surgery import initialising
from stetho.surgery.functions import install
from stetho.surgery.report import Change, Surgery

FUSED = {1: "relu", 2: "gelu"}  # what torch's encoder layers compute in one kernel, by its flag
INITS = ("keep", "match", "critical")
# What each new module stands for, so that swapping back gives the old one, whatever it was.
_REPLACED: weakref.WeakKeyDictionary[nn.Module, nn.Module] = weakref.WeakKeyDictionary()


def swap(model: nn.Module, what: str, to: str, init: str = "keep", batch: Any = None) -> Surgery:
    """Put one activation function in the place of another, as a module and as a function called.

    Modules of torch and modules of one's own that compute `what` are replaced (one that serves
    several places by one new one); calls of functions are replaced whenever the model runs forward.
    Nothing else is touched.

    Args:
        what: name of the function to replace; "*" for all of the catalogue's but the identity and
            the gates, which halve their input.
        to: name of the new one, with parameters if need be: "leaky_relu:0.1".
        init: "keep" leaves all weights; "match" scales the weights before each site so that z keeps
            the variance that it has now; "critical" draws them anew at the new function's critical
            point and scales them, site by site, so that z has the length that belongs to it.
        batch: as `stetho.check` takes it; "match" and "critical" need one.

    Returns:
        What was changed; `.undo()` takes it back.

    Raises:
        UsageError: no such name, a gate, or a batch is missing.
    """
    if init not in INITS:
        raise UsageError(f"expected init to be one of {', '.join(INITS)}, got {init!r}")
    if init != "keep" and batch is None:
        raise UsageError(f"expected a batch with init={init!r}, whose sites are measured; got none")
    record = activations.get(to)
    old = [activations.get(what)] if what != "*" else _of_one_number()
    if record.gate or any(known.gate for known in old):
        raise UsageError("expected functions of one number, got a gate, which halves its input")
    names = [known.name for known in old]
    before = initialising.site_deviations(model, batch) if init == "match" else {}
    done = Surgery(f"swap {what} → {record.label}")
    _replace_modules(model, set(names), record, done)
    for name in names:
        if name != record.name:
            done.did(
                Change("(calls)", f"{name}()", f"{record.label}()", "in every forward pass"),
                install(model, name, record),
            )
    if record.learned:
        done.notes.append(
            f"{record.name} in the place of a call, not of a module, keeps its first slope: it is "
            "no parameter of the model"
        )
    if init == "match":
        initialising.match_deviations(model, batch, before, done)
    elif init == "critical":
        initialising.make_critical(model, batch, record, done)
    return done


def _of_one_number() -> list[Activation]:
    return [r for r in activations.catalogue() if not r.gate and r.name != "identity"]


def _replace_modules(model: nn.Module, names: set[str], record: Activation, done: Surgery) -> None:
    new: dict[int, nn.Module] = {}
    for owner, key, module in list(_children(model)):
        known = record_of(module)
        if known is None or known.name not in names or known.label == record.label:
            continue
        if id(module) not in new:
            was = _REPLACED.get(module)
            back = was is not None and _label(was) == record.label
            new[id(module)] = (
                was if was is not None and back else like(module, build(record), model)
            )
        other = new[id(module)]
        _REPLACED[other] = module
        setattr(owner, key, other)
        change = Change(_path(model, owner, key), type(module).__name__, repr(other))
        done.did(change, _putting(owner, key, module))
    for path, module in model.named_modules():
        flag = getattr(module, "activation_relu_or_gelu", 0)  # torch's encoder layers
        if FUSED.get(flag) in names:
            module.activation_relu_or_gelu = 0
            done.did(
                Change(path, "fused kernel in evaluation", "separate calls"),
                _putting(module, "activation_relu_or_gelu", flag),
            )


def _putting(owner: Any, key: str, value: Any) -> Any:
    return lambda: setattr(owner, key, value)


def _children(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    """Every place that holds a module, also those that hold the same one."""
    for owner in model.modules():
        for key, child in owner._modules.items():
            if child is not None:
                yield owner, key, child


def _path(model: nn.Module, owner: nn.Module, key: str) -> str:
    path = next(path for path, module in model.named_modules() if module is owner)
    return f"{path}.{key}" if path else key


def record_of(module: nn.Module) -> Activation | None:
    """The record of a module that is an activation function, known by its class or its values."""
    known = activations.for_module(module)
    if known is not None or type(module).__module__.startswith("torch."):
        return known
    if next(module.parameters(), None) is not None or next(module.buffers(), None) is not None:
        return None
    z = torch.linspace(-4, 4, 161)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            a = module(z.clone())
    except Exception:  # it takes something else than a tensor of any shape
        return None
    if not isinstance(a, torch.Tensor) or a.shape != z.shape:
        return None
    facts = recognise(z, a)
    return activations.get(facts.name, **dict(facts.parameters)) if facts is not None else None


def _label(module: nn.Module) -> str:
    known = record_of(module)
    return known.label if known is not None else ""


def like(old: nn.Module, new: nn.Module, model: nn.Module) -> nn.Module:
    """With the old one's mode, the model's device and dtype; in place if both can be."""
    new.train(old.training)
    some = next((p for p in model.parameters() if p.is_floating_point()), None)
    if some is not None:
        new.to(device=some.device, dtype=some.dtype)
    if hasattr(old, "inplace") and hasattr(new, "inplace"):
        new.inplace = old.inplace
    return new
