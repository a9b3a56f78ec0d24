"""Claims → their experiments made, in processes side by side, and judged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import datetime, timezone
from inspect import getdoc
from multiprocessing import get_context

import torch

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.verdict import judge
from stetho.record import NAN, ArticleResult, ClaimResult, Verdict

Told = Callable[[ClaimResult], None]
Claims = Sequence[type[AbstractClaim]]
USUAL = Setting()


def run(
    claims: Claims,
    setting: Setting = USUAL,
    *,
    workers: int | None = None,
    told: Told = lambda result: None,
) -> ArticleResult:
    """Make the experiments, each in a process with one thread; `told` hears of each that ended.

    The numbers do not depend on how many run side by side, but for those that are times.

    Raises:
        UsageError: what the experiments need is not installed; none was made.
    """
    data.load("iris")  # says at once if scikit-learn is not there
    started = time.perf_counter()
    most = min(len(claims), workers or os.cpu_count() or 1)
    done = []
    # spawned, as threads of torch's do not outlive a fork
    with ProcessPoolExecutor(most, get_context("spawn"), initializer=_one_thread) as pool:
        # the article's last ones take longest: begun last, they would leave a core idle
        futures = [pool.submit(examine, claim(), setting) for claim in reversed(claims)]
        try:
            for future in as_completed(futures):
                done.append(future.result())
                told(done[-1])
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return result_of(claims, done, setting, time.perf_counter() - started)


def result_of(
    claims: Claims, done: Iterable[ClaimResult], setting: Setting, seconds: float = NAN
) -> ArticleResult:
    """What was done of some claims, in their order."""
    made = {result.id: result for result in done}
    return ArticleResult(
        tuple(made[claim.id] for claim in claims if claim.id in made),
        setting.quick,
        setting.base,
        datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine(),
        seconds,
    )


def examine(claim: AbstractClaim, setting: Setting) -> ClaimResult:
    """Make one experiment here and now, and judge it.

    One that fails is undecided, and says by what; with STETHO_STRICT=1 it raises.
    """
    started = time.perf_counter()
    try:
        measured = claim.measure(setting)
        verdict, reason = judge(measured.measures)
    except Exception as error:
        if os.environ.get("STETHO_STRICT") == "1":
            raise
        measured = Measured(())
        verdict, reason = Verdict.UNDECIDED, f"the experiment failed: {error!r}"
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
