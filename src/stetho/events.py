"""What the observer hands over: the events of a training run, and who takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from stetho.record import (
    Criterion,
    Function,
    Layer,
    NonFiniteOrigin,
    Optimizer,
    Parameter,
    Site,
    Spike,
)

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCall:
    """One application of an activation function. Tensors are detached; do not keep them."""

    name: str
    function: Function
    z: Tensor
    a: Tensor
    from_conv: bool | None  # whether a convolution feeds z; None: not known
    shift: Tensor | None  # what is added to z unit by unit (bias, or the normalisation's shift)
    module: nn.Module | None = None  # the innermost module that is running; do not keep it
    whole: bool = False  # that module, one of the user's own, is the function itself


@dataclass(frozen=True, slots=True)
class LayerCall:
    """One application of a weight to an input x."""

    layer: Layer
    x: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCall:
    """One call of a loss function with targets, whose output was differentiated."""

    kind: str  # "cross_entropy", "bce", "mse", "huber", "l1"; "": its best constant is not known
    target: Tensor
    ignore_index: int = -100
    classes: int = 0  # of cross_entropy
    criterion: Criterion = field(default_factory=lambda: Criterion(function=""))
    scale: float = 1.0  # loss that was differentiated / output of the loss function


class ParameterState(NamedTuple):
    """One parameter around an optimizer's step."""

    name: str
    value: Tensor  # of a parameter that ranks share out, this rank's shard
    gradient: Tensor | None
    sharded: bool = False


class PendingSite(Protocol):
    """A site's forward half, waiting for its gradients. Dropped if they never come."""

    def gradients(
        self, upstream: Tensor | None, downstream: Sequence[Tensor], scale: Tensor | None
    ) -> None:
        """Take ∂L/∂a, ∂L/∂z or both; `None` or empty: this one comes in another call, or never.

        `downstream`: what came by each way through the call; their sum is ∂L/∂z.
        `scale`: what mixed precision multiplied the loss with, to be divided out.
        """

    def discard(self) -> None:
        """It was no site after all, but a part of one."""


class Sink(Protocol):
    """Takes what the observer sees. Nothing in here may wait for the device before `end_probe`."""

    def begin_probe(self, step: int) -> None: ...

    def site(self, call: SiteCall) -> PendingSite: ...

    def layer(self, call: LayerCall) -> None: ...

    def target(self, call: TargetCall) -> None: ...

    def sequence(
        self, layer: str, downstream: Tensor, upstream: Tensor | None, scale: Tensor | None
    ) -> None:
        """∂L/∂x and ∂L/∂h of a recurrent layer, time first; no ∂L/∂h: only its end is used."""

    def agreement(self, layer: str, x: Tensor, gradient: Tensor) -> None:
        """x of the layer whose output y a loss function takes, and ∂L/∂y."""

    def before_backward(self, states: Sequence[ParameterState]) -> None:
        """What lies in the gradients of an optimizer's parameters when a backward pass begins."""

    def before_update(self, states: Sequence[ParameterState]) -> None: ...

    def after_update(self, states: Sequence[ParameterState]) -> None: ...

    def end_probe(self, step: int, elapsed: float, lr: tuple[float, ...]) -> None: ...

    def norm(self, gradients: Sequence[Tensor]) -> float:
        """The Euclidean norm of some tensors on the CPU, taken as one; asked in every step."""

    def loss(self, step: int, value: Tensor) -> None:
        """The loss of a step, probed or not (mean over the step's backward calls): one element."""

    def structure(
        self,
        sites: Sequence[Site],
        layers: Sequence[Layer],
        parameters: Sequence[Parameter],
        optimizers: Sequence[Optimizer],
    ) -> None:
        """All that is known by now of the network; called after a probe that learned more."""

    def origin(self, origin: NonFiniteOrigin) -> None:
        """Where the first NaN or infinity of the run arose. Once at most."""

    def spike(self, spike: Spike) -> None:
        """A step whose loss or gradient jumped."""

    def unseen(self, sentence: str) -> None:
        """Something that cannot be watched. Said once."""

    def fault(self, traceback: str) -> None:
        """A fault of our own. Watching has stopped; the training goes on."""


class IdleSink:
    """Takes every event and does nothing; subclasses look at those that they need."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def begin_probe(self, step: int) -> None: ...

    def site(self, call: SiteCall) -> PendingSite:
        return _Unasked()

    def layer(self, call: LayerCall) -> None: ...

    def target(self, call: TargetCall) -> None: ...

    def before_backward(self, states: Sequence[Any]) -> None: ...

    def before_update(self, states: Sequence[Any]) -> None: ...

    def sequence(
        self, layer: str, downstream: Tensor, upstream: Tensor | None, scale: Tensor | None
    ) -> None: ...

    def agreement(self, layer: str, x: Tensor, gradient: Tensor) -> None: ...

    def after_update(self, states: Sequence[Any]) -> None: ...

    def end_probe(self, step: int, elapsed: float, lr: tuple[float, ...]) -> None: ...

    def norm(self, gradients: Sequence[Tensor]) -> float:
        return 0.0

    def loss(self, step: int, value: Tensor) -> None: ...

    def structure(
        self, sites: Sequence[Any], layers: Sequence[Any], parameters: Any, optimizers: Any
    ) -> None: ...

    def origin(self, origin: Any) -> None: ...

    def spike(self, spike: Any) -> None: ...

    def unseen(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def fault(self, traceback: str) -> None:
        raise RuntimeError(traceback)


class _Unasked:
    """A site whose gradients nobody wants."""

    def gradients(
        self, upstream: Tensor | None, downstream: Sequence[Tensor], scale: Tensor | None
    ) -> None: ...

    def discard(self) -> None: ...
