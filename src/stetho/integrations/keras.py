"""Steps of Keras' own optimizers (`KERAS_BACKEND=torch`) → an observer's steps."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stetho.observe.on_import import AfterImport

if TYPE_CHECKING:
    from stetho.observe.observer import Observer

MODULE = "keras.src.optimizers.base_optimizer"


class _AsTorch:
    """What the observer asks of an optimizer, answered by one of Keras."""

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = weakref.ref(optimizer)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        optimizer = self._optimizer()
        if optimizer is None:
            return []
        values = [variable.value for variable in optimizer._trainable_variables]
        return [{"params": values, "lr": float(optimizer.learning_rate)}]

    @property
    def defaults(self) -> dict[str, Any]:
        optimizer = self._optimizer()
        epsilon = getattr(optimizer, "epsilon", None)
        return {} if epsilon is None else {"eps": float(epsilon), "betas": ()}


class KerasSteps:
    """While it is on, an observer hears of every step that a Keras optimizer takes."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._trigger = AfterImport(MODULE, self._wrap)
        self._undo: list[Callable[[], None]] = []
        self._known: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    def start(self) -> None:
        self._trigger.start()

    def stop(self) -> None:
        self._trigger.stop()
        while self._undo:
            self._undo.pop()()

    def _wrap(self) -> None:
        from keras.src.optimizers.base_optimizer import BaseOptimizer

        made, apply = BaseOptimizer.__init__, BaseOptimizer.apply

        def watched_made(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            made(optimizer, *args, **kwargs)
            self._observer.optimizer_made()

        def watched_apply(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            ours = self._as_torch(optimizer)
            if not optimizer.built:
                return apply(optimizer, *args, **kwargs)
            self._observer.before_step(ours)
            try:
                return apply(optimizer, *args, **kwargs)
            finally:
                self._observer.after_step(ours)

        BaseOptimizer.__init__, BaseOptimizer.apply = watched_made, watched_apply

        def undo() -> None:
            if BaseOptimizer.apply is watched_apply:
                BaseOptimizer.apply = apply
            if BaseOptimizer.__init__ is watched_made:
                BaseOptimizer.__init__ = made

        self._undo.append(undo)

    def _as_torch(self, optimizer: Any) -> Any:
        if optimizer not in self._known:
            kind = type(type(optimizer).__name__, (_AsTorch,), {})
            self._known[optimizer] = kind(optimizer)
        return self._known[optimizer]
