"""Arguments of `stetho article` → experiments on its claims, their progress, the table."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stetho.cli.options import (
    INTERRUPTED,
    HtmlFile,
    JsonFile,
    refuse_unwritable,
    write_html,
    write_json,
)
from stetho.cli.progress import ProgressBar
from stetho.record import ClaimResult


def article(
    claims: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CLAIM]...", help="C5, D, advice, LSTM …; by default all."),
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option("--claim", metavar="CLAIM", help="The same as an option; repeatable."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="All in about a minute: fewer seeds, wider intervals.")
    ] = False,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Base seed; another seed repeats everything with new draws."
        ),
    ] = 0,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Claims at one time; one a core.")
    ] = None,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Reproduce the claims of the article that stetho implements, each by an experiment.

    Each claim has a criterion that is fixed before it runs; the verdict (holds, holds in part, does
    not hold, undecided) follows from what is measured here and now. Exit code 0 whatever the
    verdicts are, 2 for a refusal, 130 if interrupted: what is done is printed.

    Examples:

      stetho article --quick

      stetho article C5            # everything of one claim: why units of ReLU die

      stetho article B C --seed 1

      stetho article --html article.html
    """
    refuse_unwritable([], json=json_file, html=html_file)
    from stetho import article as room
    from stetho.article.claim import Setting
    from stetho.report import article_html, article_json, print_article

    chosen = room.find([*(claims or ()), *(claim or ())])
    bar = ProgressBar()
    done: list[ClaimResult] = []

    def told(result: ClaimResult) -> None:
        done.append(result)
        bar.advance()
        if len(chosen) > 1:
            bar.tell(f"{result.id}: {result.verdict.value} ({result.seconds:.0f} s)")

    bar.start()
    bar.phase(f"{len(chosen)} claim{'s' if len(chosen) > 1 else ''} of the article", len(chosen))
    try:
        result = room.run(chosen, Setting(seed, quick), workers=workers, told=told)
    except KeyboardInterrupt:
        bar.stop()
        if done:
            print_article(room.result_of(chosen, done, Setting(seed, quick)), sys.stdout)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        bar.stop()
    print_article(result, sys.stdout)
    write_json(article_json(result), json_file)
    write_html(lambda: article_html(result), html_file)
