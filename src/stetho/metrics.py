"""Values that a script reports of itself → whoever listens: a trial of `stetho choose`."""

from __future__ import annotations

from collections.abc import Callable

from stetho.errors import UsageError

Listener = Callable[[dict[str, float]], None]
_listeners: list[Listener] = []


def log(**metrics: float) -> None:
    """Report metrics of the training, such as `stetho.log(val_acc=0.93)`.

    `stetho choose --metric val_acc` ranks by what is reported last. Anywhere else it does nothing.

    Raises:
        UsageError: a value is no number.
    """
    values = {}
    for name, value in metrics.items():
        try:
            values[name] = float(value)
        except (TypeError, ValueError):
            raise UsageError(
                f"expected a number for {name} in stetho.log, got a {type(value).__name__}; give "
                f"one number, such as {name}=float(…)"
            ) from None
    for listener in list(_listeners):
        listener(values)


def listen(listener: Listener) -> Callable[[], None]:
    """Hand everything that is reported to `listener`, until the answer is called."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)
