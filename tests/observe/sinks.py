"""A sink that keeps plain copies of what it is given, for tests of the observer alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from stetho.summarise.gradients import norm


@dataclass
class Seen:
    """One application of an activation function."""

    name: str
    function: str
    z: torch.Tensor
    a: torch.Tensor
    from_conv: bool | None
    shift: torch.Tensor | None
    up: torch.Tensor | None = None
    down: torch.Tensor | None = None
    discarded: bool = False

    def gradients(self, upstream, downstream, scale):
        factor = 1.0 if scale is None else 1 / scale
        if upstream is not None:
            self.up = upstream.detach().clone() * factor
        if downstream:
            self.down = sum(part.detach() for part in downstream) * factor

    def discard(self):
        self.discarded = True


@dataclass
class ListSink:
    """Keeps everything."""

    probes: list[int] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    layer_calls: list = field(default_factory=list)
    targets: list = field(default_factory=list)
    sequences: list = field(default_factory=list)
    agreements: list = field(default_factory=list)
    left: list = field(default_factory=list)
    before: list = field(default_factory=list)
    after: list = field(default_factory=list)
    losses: dict[int, float] = field(default_factory=dict)
    ends: list = field(default_factory=list)
    unseen_sentences: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    origins: list = field(default_factory=list)
    spikes: list = field(default_factory=list)
    sites: list = field(default_factory=list)
    layers: list = field(default_factory=list)
    parameters: list = field(default_factory=list)
    optimizers: list = field(default_factory=list)

    def begin_probe(self, step):
        self.probes.append(step)

    def site(self, call):
        one = Seen(
            call.name,
            call.function.name,
            call.z.clone(),
            call.a.clone(),
            call.from_conv,
            None if call.shift is None else call.shift.clone(),
        )
        self.seen.append(one)
        return one

    def layer(self, call):
        self.layer_calls.append((call.layer.name, tuple(call.x.shape)))

    def sequence(self, layer, downstream, upstream, scale):
        self.sequences.append((layer, downstream.clone(), upstream))

    def agreement(self, layer, x, gradient):
        self.agreements.append((layer, x.clone(), gradient.clone()))

    def target(self, call):
        self.targets.append(call)

    def before_backward(self, states):
        self.left.append({p.name: p.gradient for p in states})

    def before_update(self, states):
        self.before.append({p.name: (p.value.clone(), p.gradient) for p in states})

    def after_update(self, states):
        self.after.append({p.name: p.value.clone() for p in states})

    def end_probe(self, step, elapsed, lr):
        self.ends.append((step, elapsed, lr))

    def norm(self, gradients):
        return norm(gradients)

    def loss(self, step, value):
        self.losses[step] = float(value)

    def structure(self, sites, layers, parameters, optimizers):
        self.sites, self.layers = list(sites), list(layers)
        self.parameters, self.optimizers = list(parameters), list(optimizers)

    def unseen(self, sentence):
        self.unseen_sentences.append(sentence)

    def origin(self, origin):
        self.origins.append(origin)

    def spike(self, spike):
        self.spikes.append(spike)

    def fault(self, traceback):
        self.faults.append(traceback)

    def names(self):
        return [one.name for one in self.seen if not one.discarded]
