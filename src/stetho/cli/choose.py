"""Arguments of `stetho choose` → a race, its progress on the terminal, and its result."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stetho.cli.options import (
    INTERRUPTED,
    Arguments,
    HtmlFile,
    IsModule,
    JsonFile,
    refuse_unwritable,
    write_html,
    write_json,
)
from stetho.cli.progress import ProgressBar
from stetho.errors import StethoError, UsageError

if TYPE_CHECKING:
    from stetho.trials.trial import Outcome, Trial

NO_VERDICT = 1  # no trial could be held against another
SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
BYTES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def choose(
    script: Annotated[
        str | None, typer.Argument(metavar="[SCRIPT]", help="The training script.")
    ] = None,
    arguments: Arguments = None,
    module: IsModule = False,
    candidates: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Functions, or recipes: elu:alpha=0.5, leaky_relu:0.18, selu+lecun, "
            "relu+batchnorm. By default relu, leaky_relu, elu, prelu, rrelu, gelu, silu.",
        ),
    ] = None,
    replace: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Function to replace; that of most hidden sites."),
    ] = None,
    sites: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Sites to replace, such as 'layers.*'; repeatable."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Steps of a trial; by default a third of the script's own."),
    ] = None,
    pairs: Annotated[int, typer.Option(metavar="K", help="Pairs of the last rung, at least.")] = 6,
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="How long it may take: 90s, 10m, 2h.")
    ] = "10m",
    lr_grid: Annotated[
        str,
        typer.Option(
            metavar="F,G,…", help="Factors on the learning rate that each candidate is tried with."
        ),
    ] = "1",
    init: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Weights: auto (keep, unless theory says that they cannot carry), keep, match, "
            "critical.",
        ),
    ] = "auto",
    metric: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Score: a name that the script gives to stetho.log, heldout-loss, training-loss. "
            "By default what it logs, else its training loss.",
        ),
    ] = "",
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="By how much a trial may grow: 500M, 4G.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="E", help="process (the default), local (in this process), ray."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Trials at one time; one a core.")
    ] = None,
    ray_address: Annotated[
        str | None, typer.Option(metavar="A", help="Of a Ray cluster that runs already.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where the race file goes."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Go on with a race that was interrupted."),
    ] = None,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Race activation functions inside an unchanged script, and say which one to use.

    Each trial runs the script in a process of its own, with another function where the script
    applies its hidden ones. Two trials of a pair differ in that alone: seeds, order of the data and
    raw draws of weights are the same. A short rung eliminates; the last one decides, by a paired
    test. All that trials write vanishes with the race. Exit code 0 with a verdict, 1 if every trial
    of the other functions failed, 2 for a refusal, 130 if interrupted: what is done is kept.

    Examples:

      stetho choose train.py --epochs 3

      stetho choose --candidates relu,elu,selu+lecun --budget 5m train.py

      stetho choose --metric val_acc --lr-grid 0.3,1,3 --json choice.json train.py

      stetho choose --resume stetho-runs/choose-train-20260101-120000.stetho
    """
    from stetho import choosing
    from stetho.report import print_choice
    from stetho.running.watching import default_file

    refuse_unwritable([script, resume], json=json_file, html=html_file)
    file = resume or output or default_file(script or "", "choose-")
    progress = RaceProgress()
    try:
        with progress:
            if resume is not None:
                result = choosing.resume(
                    resume,
                    engine=engine,
                    workers=workers,
                    ray_address=ray_address,
                    progress=progress,
                )
            else:
                if script is None:
                    raise UsageError("expected a script to race, or --resume FILE; got neither")
                result = choosing.choose(
                    script,
                    _listed(candidates) or None,
                    arguments=arguments or (),
                    as_module=module,
                    replace=replace,
                    sites=sites or (),
                    steps=steps,
                    pairs=pairs,
                    budget=parse_size("--budget", budget, SECONDS),
                    lr_grid=[_factor(text) for text in _listed(lr_grid)],
                    init=init,
                    metric=metric,
                    memory=int(parse_size("--memory", memory, BYTES)) if memory else None,
                    engine=engine,
                    workers=workers,
                    ray_address=ray_address,
                    file=file,
                    progress=progress,
                )
    except StethoError:
        if file.is_file() and not file.stat().st_size:
            file.unlink()  # its name was taken, and nothing came of it
        raise
    except KeyboardInterrupt:
        print(
            f"\nInterrupted; {progress.done} trials are kept. Go on with:\n"
            f"  stetho choose --resume {file}",
            file=sys.stderr,
        )
        raise typer.Exit(INTERRUPTED) from None
    print_choice(result.choice, sys.stdout, file=result.file)
    write_json(result.json(), json_file)
    write_html(result.html, html_file)
    if result.failed:
        raise typer.Exit(NO_VERDICT)


def _listed(text: str | None) -> list[str]:
    """Names by commas; a comma inside of parameters (`softplus:beta=2,threshold=9`) stays."""
    parts: list[str] = []
    for part in (text or "").split(","):
        if parts and ":" in parts[-1] and "=" in part and ":" not in part:
            parts[-1] += f",{part.strip()}"
        elif part.strip():
            parts.append(part.strip())
    return parts


def _factor(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            f"expected --lr-grid as numbers by commas, such as 0.3,1,3; got {text!r}"
        ) from None


def parse_size(option: str, text: str, units: dict[str, Any]) -> float:
    """'10m' → 600.0 with units of time; '2G' → bytes."""
    match = re.fullmatch(r"([\d.]+)\s*([a-zA-Z]?)[bB]?", text.strip())
    unit = match[2].lower() if match else None
    try:
        number = float(match[1]) if match else math.nan
    except ValueError:
        number = math.nan
    if unit not in units or not number > 0:
        known = ", ".join(f"10{unit}" for unit in units if unit)
        raise UsageError(f"expected {option} such as {known}, got {text!r}")
    return number * float(units[unit])


class RaceProgress:
    """Tells on stderr how a race goes: a bar with the time left on a terminal, else lines."""

    def __init__(self) -> None:
        self.done = 0
        self._bar = ProgressBar()

    def __enter__(self) -> RaceProgress:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def phase(self, title: str, trials: int, steps: int) -> None:
        many = "1 trial" if trials == 1 else f"{trials} trials"
        of = f": {many} of {steps} steps" if steps else ""
        self._bar.phase(f"{title}{of}", trials)

    def ended(self, trial: Trial, outcome: Outcome) -> None:
        self.done += 1
        self._bar.advance()
        if not outcome.done:
            self._bar.tell(
                f"{trial.candidate}, pair {trial.pair}: {outcome.status} ({outcome.why})"
            )
