"""Sites, layers and parameters as they are met → the network as far as it is known."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from torch import Tensor
from torch.optim import Optimizer as TorchOptimizer

from stetho.observe.tracker import Names
from stetho.record import Layer, Optimizer, Parameter, Site


class Met(NamedTuple):
    """A parameter as it was last met."""

    itself: weakref.ref[Tensor]
    optimizer: int
    trained: bool
    name: str

    def is_as_before(self, parameter: Tensor, optimizer: int) -> bool:
        same = self.itself() is parameter and self.optimizer == optimizer
        return same and self.trained is parameter.requires_grad


@dataclass(slots=True, kw_only=True)
class Structure:
    """What has been learned of the network so far. Names are unique over all models."""

    names: Names
    sites: dict[str, Site] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    optimizers: list[Optimizer] = field(default_factory=list)
    before_norm: set[str] = field(default_factory=set)  # biases that a batch normalisation undoes
    norm_parameters: set[str] = field(default_factory=set)
    upstream: dict[str, set[str]] = field(default_factory=dict)  # sites that feed a site directly
    met: dict[int, Met] = field(default_factory=dict)  # living parameters, by id
    loose: list[weakref.ref[Tensor]] = field(default_factory=list)  # new, and in no module
    changed: bool = False

    def add_site(self, site: Site) -> None:
        self.sites[site.name] = site
        self.changed = True

    def add_layer(self, layer: Layer) -> None:
        self.layers[layer.name] = layer
        self.changed = True

    def forget_site(self, name: str) -> None:
        self.sites.pop(name, None)

    def feeds_layer(self, site: str, layer: str) -> None:
        """Note that a site's output reaches a layer: it, and what it is made of, is hidden."""
        waiting = [site]
        while waiting:
            name = waiting.pop()
            known = self.sites.get(name)
            if known is not None and layer not in known.feeds:
                self.sites[name] = replace(known, output=False, feeds=(*known.feeds, layer))
                self.changed = True
                waiting.extend(self.upstream.get(name, ()))

    def ends_after(self, layer: str, function: str) -> None:
        """Note that a layer's output went into a function without a gradient."""
        known = self.layers.get(layer)
        if known is not None and function not in known.ends:
            self.layers[layer] = replace(known, ends=(*known.ends, function))
            self.changed = True

    def revise_layer(self, name: str, **facts: object) -> None:
        """Note what more is known of a layer by now."""
        known = self.layers.get(name)
        if known is not None and any(getattr(known, key) != value for key, value in facts.items()):
            self.layers[name] = replace(known, **facts)  # type: ignore[arg-type]
            self.changed = True

    def mark_outside(self, parameter: str) -> None:
        """Note that a parameter's module ran while gradients were turned off."""
        self._revise(parameter, outside=True)

    def mark_gate(self, site: str) -> None:
        """Note that a site's output multiplies another signal."""
        known = self.sites.get(site)
        if known is not None and not known.gate:
            self.sites[site] = replace(known, gate=True)
            self.changed = True

    def add_optimizer(self, optimizer: TorchOptimizer) -> int:
        """Take in an optimizer's settings; gives its index."""
        defaults = optimizer.defaults
        rate = optimizer.param_groups[0].get("lr", float("nan")) if optimizer.param_groups else 0.0
        adaptive = "eps" in defaults and ("betas" in defaults or "alpha" in defaults)
        epsilon = float(defaults["eps"]) if adaptive else 0.0
        decay = float(defaults.get("weight_decay", 0.0) or 0.0)
        self.optimizers.append(Optimizer(type(optimizer).__name__, epsilon, float(rate), decay))
        self.changed = True
        return len(self.optimizers) - 1

    def takes_turns(self, optimizer: int) -> None:
        """Note that an optimizer and others step in turn, each after a backward pass of its own."""
        known = self.optimizers[optimizer]
        if not known.in_turns:
            self.optimizers[optimizer] = replace(known, in_turns=True)
            self.changed = True

    def learn_parameter(self, parameter: Tensor, optimizer: int) -> str:
        """Take in a parameter (`optimizer` -1: none has it) if it is new; gives its name."""
        met = self.met.get(id(parameter))
        if met is not None and met.is_as_before(parameter, optimizer):
            return met.name
        name = self._learned(parameter, optimizer)
        if self.names.first:  # names as they will stay
            key, forget = id(parameter), self.met.pop
            itself = weakref.ref(parameter, lambda _: forget(key, None))
            self.met[key] = Met(itself, optimizer, parameter.requires_grad, name)
        return name

    def meet(self, parameter: Tensor) -> str:
        """Give a name to a weight that belongs to no module that is known."""
        name = f"tensor-{len(self.parameters) + len(self.loose)}"
        self.names.name_parameter(parameter, name)
        self.loose.append(weakref.ref(parameter))
        return name

    def learn_loose(self) -> None:
        """Take in what was met since: no optimizer has it, or it is known by now."""
        for reference in self.loose:
            parameter = reference()
            if parameter is not None:
                self.learn_parameter(parameter, optimizer=-1)
        self.loose.clear()

    def _learned(self, parameter: Tensor, optimizer: int) -> str:
        name = self.names.parameter_name(parameter)
        if name is None:
            name = f"parameter-{len(self.parameters)}"
            self.names.name_parameter(parameter, name)
        trainable = parameter.requires_grad and optimizer >= 0
        if name in self.parameters:
            if optimizer >= 0:
                needs = parameter.requires_grad
                self._revise(name, trainable=trainable, optimizer=optimizer, requires_grad=needs)
            return name
        known = self.names.of_parameter(parameter)
        self.parameters[name] = Parameter(
            name=name,
            shape=tuple(parameter.shape),
            role=self._role(name, parameter),
            trainable=trainable,
            optimizer=optimizer,
            before_norm=name in self.before_norm,
            model=known[1] if known else "",
            requires_grad=parameter.requires_grad,
            dtype=str(parameter.dtype).removeprefix("torch."),
            gradient=parameter.grad is not None,
        )
        self.changed = True
        return name

    def _role(self, name: str, parameter: Tensor) -> str:
        if name in self.norm_parameters:
            return "norm"
        if any(
            layer.kind == "embedding" and layer.weight == name for layer in self.layers.values()
        ):
            return "embedding"
        if name.rsplit(".", 1)[-1].startswith("bias"):
            return "bias"
        return "weight" if parameter.ndim >= 2 else "other"

    def mark_before_norm(self, bias: str) -> None:
        self.before_norm.add(bias)
        self._revise(bias, before_norm=True)

    def mark_norm(self, parameters: Iterable[str]) -> None:
        for name in parameters:
            self.norm_parameters.add(name)
            self._revise(name, role="norm")

    def _revise(self, name: str, **facts: object) -> None:
        known = self.parameters.get(name)
        if known is not None and any(getattr(known, key) != value for key, value in facts.items()):
            self.parameters[name] = replace(known, **facts)  # type: ignore[arg-type]
            self.changed = True
