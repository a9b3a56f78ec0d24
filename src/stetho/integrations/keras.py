"""Steps of Keras' own optimizers (`KERAS_BACKEND=torch`) → an observer's steps."""

from __future__ import annotations

import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from stetho.observe.on_import import AfterImport
from stetho.patching import patched

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
        self._trigger = AfterImport(MODULE, self._wrap, observer.guard.failed)
        self._patches = ExitStack()
        self._known: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    def start(self) -> None:
        self._trigger.start()

    def stop(self) -> None:
        self._trigger.stop()
        self._patches.close()

    def _wrap(self) -> None:
        from keras.src.optimizers.base_optimizer import BaseOptimizer

        def telling(made: Any) -> Any:
            def watched(optimizer: Any, *args: Any, **kwargs: Any) -> None:
                made(optimizer, *args, **kwargs)
                self._observer.optimizer_made()

            return watched

        def watching(apply: Any) -> Any:
            def watched(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
                ours = self._as_torch(optimizer)
                if not optimizer.built:
                    return apply(optimizer, *args, **kwargs)
                self._observer.before_step(ours)
                try:
                    return apply(optimizer, *args, **kwargs)
                finally:
                    self._observer.after_step(ours)

            return watched

        self._patches.enter_context(patched(BaseOptimizer, "__init__", telling))
        self._patches.enter_context(patched(BaseOptimizer, "apply", watching))

    def _as_torch(self, optimizer: Any) -> Any:
        if optimizer not in self._known:
            kind = type(type(optimizer).__name__, (_AsTorch,), {})
            self._known[optimizer] = kind(optimizer)
        return self._known[optimizer]
