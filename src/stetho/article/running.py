"""Claims → their experiments made, in processes side by side, and judged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import datetime, timezone
from inspect import getdoc
from multiprocessing import get_context

import torch

from stetho.article.claim import AbstractClaim, Setting
from stetho.article.verdict import judge
from stetho.record import ArticleResult, ClaimResult

Told = Callable[[ClaimResult], None]
USUAL = Setting()


def run(
    claims: Sequence[type[AbstractClaim]],
    setting: Setting = USUAL,
    *,
    workers: int | None = None,
    told: Told = lambda result: None,
) -> ArticleResult:
    """Make the experiments, each in a process with one thread; `told` hears of each that ended.

    The numbers do not depend on how many run side by side, but for those that are times.
    """
    started = time.perf_counter()
    most = min(len(claims), workers or os.cpu_count() or 1)
    made: dict[str, ClaimResult] = {}
    # spawned, as threads of torch's do not outlive a fork
    with ProcessPoolExecutor(most, get_context("spawn"), initializer=_one_thread) as pool:
        futures = [pool.submit(examine, claim(), setting) for claim in claims]
        for future in as_completed(futures):
            result = future.result()
            made[result.id] = result
            told(result)
    return ArticleResult(
        tuple(made[claim.id] for claim in claims),
        setting.quick,
        setting.base,
        datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine(),
        time.perf_counter() - started,
    )


def examine(claim: AbstractClaim, setting: Setting) -> ClaimResult:
    """Make one experiment here and now, and judge it."""
    started = time.perf_counter()
    measured = claim.measure(setting)
    verdict, reason = judge(measured.measures)
    return ClaimResult(
        claim.id,
        claim.title,
        claim.says,
        getdoc(type(claim)) or "",
        claim.criterion,
        verdict,
        reason,
        measured.measures,
        claim.take_away,
        measured.pictures,
        measured.seeds,
        time.perf_counter() - started,
    )


def _one_thread() -> None:
    torch.set_num_threads(1)


def machine() -> str:
    """What the numbers were measured on."""
    cores = os.cpu_count() or 1
    return f"CPU, {cores} core{'s' if cores > 1 else ''}, torch {torch.__version__}"
