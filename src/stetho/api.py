"""Scripts, models and batches → diagnoses: the verbs of the library, joining the rooms."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any

from stetho.errors import (
    StethoError,
    UnhealthyError,
    UsageError,
    faults_are_raised,
)
from stetho.record import Diagnosis, Run, Severity
from stetho.results import Result as Result
from stetho.results import RunPair
from stetho.running.watching import Watching, new_run

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer as TorchOptimizer

    from stetho.prediction.compare import Comparison
    from stetho.running.telling import Careful

Loss = Callable[[Any, Any], Any]


def load_result(file: Path) -> Result:
    """What a run file holds; a run that was cut off is diagnosed now. Needs no torch."""
    from stetho.diagnose import diagnose
    from stetho.store import read_diagnosis, read_run

    run = read_run(file)
    return Result(run=run, diagnosis=read_diagnosis(file) or diagnose(run), file=file)


def compare_runs(a: Path, b: Path) -> RunPair:
    """Two run files side by side. Needs no torch."""
    return RunPair(load_result(a), load_result(b))


def run_script(
    target: str,
    arguments: Sequence[str] = (),
    *,
    as_module: bool = False,
    budget: float = 0.02,
    every: int | None = None,
    output: Path | None = None,
    report: Callable[[Result], None] = lambda result: None,
    recipe: str | None = None,
    ends_process: bool = False,
) -> Result:
    """Run an unchanged training script under watch, as `stetho run` does.

    Args:
        target: path of a script, or with `as_module` the name of a module.
        arguments: what the script finds in `sys.argv[1:]`.
        budget: share of the steps that events (a loss that is no longer finite) may make
            probes, beyond those that the schedule probes.
        every: probe steps 0, 1, N, N + 1, … instead of those of the schedule.
        output: where the run file goes; by default into `stetho-runs/`.
        report: called with the result when the script has ended, before its objects die.
        ends_process: the process ends with the script, as it does under `stetho run`: its threads
            and exit handlers come to their end before the result is made, `__main__` stays the
            script's, and SIGTERM is answered by a diagnosis first.
        recipe: puts another function into its hidden sites, such as "elu" or "gelu+critical".

    Raises:
        TargetError: there is no such script; nothing was run.
        RunFileError: the run file cannot be written; nothing was run.
    """
    from stetho.running.script import load, run, run_plainly
    from stetho.running.telling import Careful
    from stetho.scripts import Order, WatchedRun

    begun, stderr = Event(), Careful()
    try:
        script = load(target, as_module)
    except StethoError:
        raise
    except Exception as fault:
        if not ends_process or faults_are_raised():
            raise
        _say_that_we_failed(stderr, fault)
        run_plainly(target, arguments, as_module)
    order = Order(
        target=target,
        arguments=arguments,
        as_module=as_module,
        budget=budget,
        every=every,
        output=output,
        recipe=recipe,
        ends_process=ends_process,
    )
    try:
        return WatchedRun(order, report, stderr).go(script, begun)
    except StethoError:
        raise
    except Exception as fault:
        if begun.is_set() or faults_are_raised():
            raise
        _say_that_we_failed(stderr, fault)
    code = run(script, arguments, lambda _: None, (lambda: None) if ends_process else None)
    return Result(
        run=Run(command=order.command),
        diagnosis=Diagnosis("No diagnosis: stetho failed to begin."),
        file=None,
        exit_code=code,
    )


def _say_that_we_failed(stderr: Careful, fault: Exception) -> None:
    said = f"{type(fault).__name__}: {fault}"
    stderr.write(f"stetho failed to begin ({said}) and does not watch; please report it\n")


class watch(AbstractContextManager["watch"]):
    """Watch a training loop of one's own.

    ```python
    with stetho.watch(model, optimizer) as watched:
        for x, y in batches: ...
    print(watched.result)
    ```

    Only what happens inside of `model`, and the steps of `optimizer`, count. `file` keeps the run
    file; without it the result lives in memory. `budget` and `every` are those of `run_script`.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: TorchOptimizer | Sequence[TorchOptimizer] | None = None,
        *,
        budget: float = 0.02,
        every: int | None = None,
        file: str | Path | None = None,
    ) -> None:
        from torch import nn as torch_nn

        from stetho.observe.schedule import Schedule

        if not isinstance(model, torch_nn.Module):
            raise UsageError(
                f"watch expected a torch.nn.Module as its first argument, got a "
                f"{type(model).__name__}; give it the model that is trained"
            )
        self._model = model
        many = isinstance(optimizer, (list, tuple))
        self._optimizers: list[Any] = (
            list(optimizer) if many else [] if optimizer is None else [optimizer]  # type: ignore[arg-type]
        )
        self._schedule = Schedule(budget, every)
        self._file = Path(file) if file is not None else None
        self._watching: Watching | None = None
        self._result: Result | None = None

    @property
    def result(self) -> Result:
        """The diagnosis; there is one when the `with` block has ended.

        Raises:
            UsageError: the `with` block has not ended yet.
        """
        if self._result is None:
            raise UsageError("watch has no result before its `with` block has ended")
        return self._result

    def __enter__(self) -> watch:
        name = type(self._model).__name__
        self._watching = Watching(new_run(f"stetho.watch({name})"), self._file)
        self._watching.begin(self._schedule, [self._model], self._optimizers)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watching is not None:
            ended = self._watching.end(0 if error is None else 1)
            if ended is not None:
                self._result = Result(*ended, self._file)


def check(model: nn.Module, batch: Any, loss: Loss | None = None) -> Result:
    """Check up a model on one batch (or a list of batches): one forward and backward pass, no step.

    Args:
        model: the model, in the mode (train or eval) in which it is to be looked at.
        batch: a tensor; a pair (inputs, targets); or a mapping of keyword arguments, as Hugging
            Face models take it.
        loss: `loss(output, targets)` giving a scalar. Left out: the output's own `.loss` if it has
            one, cross entropy for whole-number targets, mean squared error for others, and without
            targets the mean square of the output.

    The model is left as found: gradients, buffers, mode and random state.
    """
    result = _checkup(model, batch, loss)
    comparison, faults = _theory(model, batch, loss, result.run)
    run = replace(result.run, faults=(*result.run.faults, *faults))
    return replace(result, run=run, comparison=comparison)


def _checkup(model: nn.Module, batch: Any, loss: Loss | None) -> Result:
    from stetho.observe.checkup import checkup

    watching = Watching(new_run(f"stetho.check({type(model).__name__})", kind="check"), None)
    try:
        watching.begin_checkup(lambda sink: checkup(model, batch, loss, sink))
    finally:
        ended = watching.end(None)
    assert ended is not None, "a check-up does not fork"
    return Result(*ended)


def _theory(
    model: nn.Module, batch: Any, loss: Loss | None, run: Run
) -> tuple[Comparison | None, tuple[str, ...]]:
    """What theory predicts beside what was measured; and a fault of ours in it, if any."""
    from stetho.errors import faults_are_raised
    from stetho.prediction import predict
    from stetho.prediction.compare import compare

    if not run.sites:
        return None, ()
    try:
        return compare(predict(model, batch, loss), run), ()
    except Exception:
        if faults_are_raised():
            raise
        return None, (traceback.format_exc(),)


def assert_healthy(
    model: nn.Module, batch: Any, loss: Loss | None = None, severity: str = "warning"
) -> Result:
    """Check up a model, and raise an error if a finding is of this severity or above.

    Args:
        model: the network, which is left as it was.
        batch: as `check` takes it: a tensor, a pair (inputs, targets), or a mapping of keywords.
        loss: gives a scalar for (output, targets); without it the loss that `check` assumes.
        severity: "note", "warning" or "fault".

    Raises:
        UnhealthyError: there is such a finding; the text holds the whole report.
        UsageError: no such severity, or a batch or a loss that `check` refuses.
    """
    limit = parse_severity(severity)
    result = _checkup(model, batch, loss)
    worst = result.diagnosis.worst
    if worst is not None and worst >= limit:
        raise UnhealthyError(f"{result.diagnosis.verdict}\n\n{result}")
    return result


def parse_severity(word: str) -> Severity:
    try:
        return Severity[word.upper()]
    except KeyError:
        names = ", ".join(severity.word for severity in Severity)
        raise UsageError(f"expected a severity ({names}), got {word!r}") from None
