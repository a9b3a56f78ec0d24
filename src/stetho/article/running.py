"""Ids of claims → their experiments made, in processes side by side, and judged.

Torch is loaded where experiments are made alone: a call that is refused is refused at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib import metadata
from importlib.util import find_spec
from inspect import getdoc
from multiprocessing import get_context

from stetho.article.claim import AbstractClaim, Measured, Setting, judge
from stetho.article.listing import claim_of
from stetho.errors import StethoError, UsageError
from stetho.record import NAN, ArticleResult, ClaimResult, Verdict

Told = Callable[[ClaimResult], None]
USUAL = Setting()


def run(
    ids: Sequence[str],
    setting: Setting = USUAL,
    *,
    workers: int | None = None,
    told: Told = lambda result: None,
) -> ArticleResult:
    """Make experiments, each with one thread; `told` hears of each that ended.

    Several run in processes side by side. The numbers do not depend on how many do, but for those
    that are times.

    Raises:
        UsageError: what the experiments need is not installed; none was made.
    """
    _refuse_without_data()
    started = time.perf_counter()
    done = []
    for result in _made(ids, setting, min(len(ids), workers or os.cpu_count() or 1)):
        done.append(result)
        told(result)
    return result_of(ids, done, setting, time.perf_counter() - started)


def _made(ids: Sequence[str], setting: Setting, workers: int) -> Iterator[ClaimResult]:
    if len(ids) == 1:
        with _one_thread():
            yield examine(claim_of(ids[0])(), setting)
        return
    # spawned, as threads of torch's do not outlive a fork
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        # the article's last ones take longest: begun last, they would leave a core idle
        futures = [pool.submit(_examine, id, setting) for id in reversed(ids)]
        try:
            for future in as_completed(futures):
                yield future.result()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def _examine(id: str, setting: Setting) -> ClaimResult:
    with _one_thread():
        return examine(claim_of(id)(), setting)


def _refuse_without_data() -> None:
    try:
        there = find_spec("sklearn") is not None
    except ImportError:
        there = False
    if not there:
        raise UsageError(
            "expected scikit-learn, whose data the article's experiments are made on, but it is "
            "not installed; install it with: pip install 'stetho[article]'"
        )


def result_of(
    ids: Sequence[str], done: Iterable[ClaimResult], setting: Setting, seconds: float = NAN
) -> ArticleResult:
    """What was done of some claims, in the order of `ids`."""
    made = {result.id: result for result in done}
    return ArticleResult(
        claims=tuple(made[id] for id in ids if id in made),
        quick=setting.quick,
        base_seed=setting.base,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=machine(),
        seconds=seconds,
    )


def examine(claim: AbstractClaim, setting: Setting) -> ClaimResult:
    """Make one experiment here and now, and judge it.

    One that fails is undecided, and says by what; with STETHO_STRICT=1 it raises.
    """
    started = time.perf_counter()
    try:
        measured = claim.measure(setting)
        verdict, reason = judge(measured.measures)
    except StethoError:
        raise
    except Exception as error:
        if os.environ.get("STETHO_STRICT") == "1":
            raise
        measured = Measured(())
        verdict, reason = Verdict.UNDECIDED, f"The experiment failed: {error!r}."
    return ClaimResult(
        id=claim.id,
        title=claim.title,
        says=claim.says,
        experiment=getdoc(type(claim)) or "",
        criterion=claim.criterion,
        verdict=verdict,
        reason=reason,
        measures=measured.measures,
        take_away=claim.take_away,
        pictures=measured.pictures,
        seeds=measured.seeds,
        seconds=time.perf_counter() - started,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def machine() -> str:
    """What the numbers were measured on."""
    cores = os.cpu_count() or 1
    return f"CPU, {cores} core{'s' if cores > 1 else ''}, torch {metadata.version('torch')}"
