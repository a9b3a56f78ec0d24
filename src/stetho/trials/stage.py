"""A script, or a function that trains → its losses, with a training run that ends when told to."""

from __future__ import annotations

import io
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

from stetho import metrics
from stetho.events import Sink
from stetho.observe.observer import Observer
from stetho.observe.schedule import Schedule
from stetho.running.script import as_main, load
from stetho.trials import trial as forms
from stetho.trials.containment.refusing import Uncontained
from stetho.trials.seeding import seeded
from stetho.trials.trial import Script

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
NO_COMPILER = "TORCH_COMPILE_DISABLE"


class TrialOver(BaseException):
    """Ends the script from within, past its `except Exception`."""

    def __init__(self, status: str = forms.DONE, why: str = "") -> None:
        super().__init__(why)
        self.status, self.why = status, why


class Stage:
    """What one run on stage leaves behind, whoever watches it.

    A loss that is not a number ends it, unless it is to go `through` to the script's own end.
    """

    def __init__(
        self,
        sink: Sink,
        schedule: Schedule,
        steps: int | None,
        seconds: float | None,
        through: bool = False,
    ) -> None:
        self.observer = Observer(_Tap(sink, self._on_loss), schedule)
        self.losses: list[Tensor] = []
        self.metrics: dict[str, list[tuple[int, float]]] = {}
        self._heldout: dict[int, list[tuple[float, int]]] = {}
        self._steps = math.inf if steps is None else steps
        self._seconds = math.inf if seconds is None else seconds
        self._through = through
        self._since = time.perf_counter()

    @property
    def step(self) -> int:
        return self.observer.step

    @property
    def heldout(self) -> tuple[tuple[int, float], ...]:
        """(step, mean over the samples of all batches seen since that step)."""
        return tuple(
            (step, sum(loss * n for loss, n in seen) / sum(n for _, n in seen))
            for step, seen in sorted(self._heldout.items())
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        self._since = time.perf_counter()
        self.observer.start()
        handle = register_optimizer_step_post_hook(self._after_step)
        silence = metrics.listen(self._on_metrics)
        try:
            yield
        finally:
            silence()
            handle.remove()
            self.observer.stop()
            # A script may leave, or raise, before it takes a step by a loss that is not a number.
            self.losses += [loss for loss in self.observer.pending if not loss.isfinite().all()]

    def on_heldout(self, result: Any, args: tuple[Any, ...]) -> None:
        """A loss that the script computed without gradients."""
        if isinstance(result, Tensor) and result.numel() == 1:
            samples = len(args[0]) if args and isinstance(args[0], Tensor) and args[0].ndim else 1
            self._heldout.setdefault(self.step, []).append((float(result), samples))

    def _on_loss(self, step: int, loss: Tensor) -> None:
        self.losses.append(loss.detach().reshape(()))

    def _on_metrics(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.metrics.setdefault(name, []).append((self.step, value))

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self.step >= self._steps:
            raise TrialOver()
        last = self.losses[-1] if self.losses and not self._through else None
        if last is not None and last.device.type == "cpu" and not math.isfinite(float(last)):
            raise TrialOver(forms.DIVERGED, not_a_number(self.step - 1))
        if time.perf_counter() - self._since > self._seconds:
            raise TrialOver(forms.TIMED_OUT, f"more than {self._seconds:.0f} s at step {self.step}")


def not_a_number(step: int) -> str:
    return f"the loss is not a number at step {step}"


class _Tap:
    """A sink that hears of losses, in front of another."""

    def __init__(self, sink: Sink, on_loss: Callable[[int, Tensor], None]) -> None:
        self._sink, self._on_loss = sink, on_loss

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)

    def loss(self, step: int, value: Tensor) -> None:
        self._on_loss(step, value)
        self._sink.loss(step, value)


# -- running -----------------------------------------------------------------------------------


def perform(script: Script | Callable[[], Any]) -> tuple[str, str]:
    """Run to the end, or until it is over: (status, why)."""
    try:
        if isinstance(script, Script):
            loaded = load(script.target, script.as_module)
            with as_main(loaded, script.arguments) as main:
                exec(loaded.code, main.__dict__)
        else:
            script()
    except TrialOver as over:
        return over.status, over.why
    except Uncontained as refusal:
        return forms.UNCONTAINED, str(refusal)
    except SystemExit as leaving:
        if leaving.code in (None, 0):
            return forms.LEFT, ""
        return forms.RAISED, f"the script left with {leaving.code!r}"
    except MemoryError:
        return forms.OUT_OF_MEMORY, "no memory left"
    except Exception as error:
        text = f"{type(error).__name__}: {error}".strip()
        if isinstance(error, torch.OutOfMemoryError) or any(m in str(error) for m in OUT_OF_MEMORY):
            return forms.OUT_OF_MEMORY, text
        return forms.RAISED, f"{_where(error)}{text}"
    return forms.DONE, ""


def _where(error: Exception) -> str:
    """The last line of the user's own code in a traceback."""
    library = (str(Path(torch.__file__).parents[1]), str(Path(__file__).parents[1]))
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(library)]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}: " if own else ""


@contextmanager
def on_stage(pair: int, folder: str = "") -> Iterator[None]:
    """Seeds of a pair, one thread, no output."""
    threads, here = torch.get_num_threads(), os.getcwd()
    modules, nowhere = set(sys.modules), io.StringIO()
    torch.set_num_threads(1)
    if folder:
        os.chdir(folder)
    try:
        with seeded(pair), compiler_off(), redirect_stdout(nowhere), redirect_stderr(nowhere):
            yield
    finally:
        torch.set_num_threads(threads)
        os.chdir(here)
        _forget_own_modules(modules)


@contextmanager
def compiler_off() -> Iterator[None]:
    """What `torch.compile` gives back runs eagerly: modes and compiled graphs do not mix."""
    before = os.environ.get(NO_COMPILER)
    os.environ[NO_COMPILER] = "1"  # read when torch loads its compiler, unless it has by now
    settings: Any = getattr(sys.modules.get("torch._dynamo"), "config", None)
    disabled = getattr(settings, "disable", None)
    if disabled is not None:
        settings.disable = True
    try:
        yield
    finally:
        if disabled is not None:
            settings.disable = disabled
        del os.environ[NO_COMPILER]
        if before is not None:
            os.environ[NO_COMPILER] = before


def _forget_own_modules(before: set[str]) -> None:
    """The next trial in this process imports the script's own modules anew."""
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file and not is_library(file) and name.partition(".")[0] != "stetho":
            del sys.modules[name]


def is_library(file: str) -> bool:
    """Whether a file belongs to an installed package, or to Python."""
    return "site-packages" in file or "dist-packages" in file or file.startswith(sys.base_prefix)
