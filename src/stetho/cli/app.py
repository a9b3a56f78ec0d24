"""Arguments of the command line → the verbs of `stetho.api`; prints, and gives the exit code."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stetho.cli.article import article
from stetho.cli.choose import choose
from stetho.cli.options import (
    PASS_ON,
    AllSites,
    Arguments,
    FailOn,
    HtmlFile,
    IsModule,
    JsonFile,
    Script,
    absolute,
    parse_share,
    refuse_unwritable,
    write_html,
    write_json,
)
from stetho.cli.view import view
from stetho.errors import StethoError

if TYPE_CHECKING:
    from stetho.api import Result

app = typer.Typer(
    name="stetho",
    help="Says why a deep network does not learn, and which activation function it should use.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

FINDING_STANDS = 3
USAGE = 2


@app.command(context_settings=PASS_ON)
def run(
    context: typer.Context,
    script: Script,
    arguments: Arguments = None,
    module: IsModule = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where the run file goes."),
    ] = None,
    budget: Annotated[
        str, typer.Option(metavar="SHARE", help="Share of steps that events may make probes.")
    ] = "2%",
    every: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Probe every N steps instead of by the schedule."),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="RECIPE",
            help="Run it with another function in its hidden sites, as a trial of choose does: "
            "elu, gelu+critical.",
        ),
    ] = None,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    fail_on: FailOn = None,
    all_sites: AllSites = False,
) -> None:
    """Run an unchanged training script, watch it, and say why it does not learn.

    The script's output, arguments and exit code pass through; the diagnosis goes to stderr.

    Examples:

      stetho run train.py --epochs 3

      stetho run --budget 5% --json result.json train.py

      stetho run -m package.train

      stetho run --fail-on fault train.py      # for CI: exit code 3

      stetho run --with elu train.py           # what choose said, tried at full length
    """
    from stetho.api import parse_severity, run_script
    from stetho.running.signals import end_by
    from stetho.running.telling import Careful

    limit = parse_severity(fail_on) if fail_on else None
    refuse_unwritable([script], json=json_file, html=html_file)

    stderr = Careful()
    json_place, html_place = absolute(json_file), absolute(html_file)

    def report(result: Result) -> None:
        stderr.attempt("print the report", lambda: show(result, stderr, all_sites))
        stderr.attempt("write the JSON form", lambda: write_json(result.json(), json_place))
        stderr.attempt(
            "write the page", lambda: write_html(result.html, html_place, stderr, html_file)
        )

    result = run_script(
        script,
        arguments or [],
        as_module=module,
        budget=parse_share(budget),
        every=every,
        output=output,
        report=report,
        recipe=recipe,
        ends_process=bool(context.obj),
    )
    if result.exit_code < 0:
        end_by(-result.exit_code)
    worst = result.diagnosis.worst
    failed = limit is not None and worst is not None and worst >= limit
    raise typer.Exit(result.exit_code or (FINDING_STANDS if failed else 0))


app.command(context_settings=PASS_ON)(choose)
app.command()(article)
app.command()(view)


@app.command()
def check(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="file.py:factory or package.module:factory; the factory gives a model, or "
            "(model, batch), or (model, batch, loss).",
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="D", help="file.py:function that gives a batch, or an iterable of batches."
        ),
    ] = None,
    batches: Annotated[int, typer.Option(min=1, help="How many batches to take.")] = 1,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    fail_on: FailOn = None,
    all_sites: AllSites = False,
) -> None:
    """Check up a model on a batch or a few, without training it.

    Examples:

      stetho check model.py:build --data data.py:batches

      stetho check package.models:small_resnet --batches 4 --fail-on warning
    """
    from stetho.api import check as check_model
    from stetho.api import parse_severity
    from stetho.cli.targets import load_checkup

    limit = parse_severity(fail_on) if fail_on else None
    refuse_unwritable([target.partition(":")[0]], json=json_file, html=html_file)
    model, batch, loss = load_checkup(target, data, batches)
    result = check_model(model, batch, loss)
    show(result, sys.stdout, all_sites)
    if result.comparison is not None:
        print(f"\n{result.comparison}")
    write_json(result.json(), json_file)
    write_html(result.html, html_file)
    worst = result.diagnosis.worst
    raise typer.Exit(FINDING_STANDS if limit and worst and worst >= limit else 0)


@app.command()
def predict(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[TARGET]",
            help="file.py:factory or package.module:factory, as for check. Left out: a plain "
            "stack of --depth layers.",
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="D", help="file.py:function that gives a batch.")
    ] = None,
    activation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A", help="Function to predict for; may be repeated, or several by commas."
        ),
    ] = None,
    depth: Annotated[int, typer.Option(metavar="L", min=1, help="Layers of a plain stack.")] = 50,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Predict signal and gradient by depth, before any training.

    Examples:

      stetho predict model.py:build --data data.py:batch

      stetho predict model.py:build --data data.py:batch --activation elu,tanh

      stetho predict --depth 50 --activation sigmoid,relu,elu
    """
    names = [name for given in activation or () for name in given.split(",") if name]
    refuse_unwritable([target and target.partition(":")[0]], json=json_file, html=html_file)
    content, page = predict_model(target, data, names) if target else predict_stack(names, depth)
    write_json(content, json_file)
    write_html(page, html_file)


def predict_stack(names: list[str], depth: int) -> tuple[dict[str, Any], Callable[[], str]]:
    from stetho.activations import catalogue
    from stetho.prediction import compare_stacks
    from stetho.prediction.pages import stack_json, stack_page
    from stetho.prediction.text import stack_text

    usual = [record.name for record in catalogue() if not record.gate and record.name != "identity"]
    rows = compare_stacks(names or usual, depth)
    print(stack_text(rows, depth))
    return stack_json(rows, depth), lambda: stack_page(rows, depth)


def predict_model(
    target: str, data: str | None, names: list[str]
) -> tuple[dict[str, Any], Callable[[], str]]:
    from stetho.cli.targets import load_checkup
    from stetho.prediction import predict as predict_sites
    from stetho.report import predicted_html

    model, batches, loss = load_checkup(target, data, 1)
    content: dict[str, Any] = {}
    records = {}
    for place, name in enumerate(names or [None]):
        prediction = predict_sites(model, batches, loss, activation=name)
        print(("\n" if place else "") + (f"With {name} at every site\n" if name else ""), end="")
        print(prediction)
        form = prediction.json()
        content = form if place == 0 else content
        records[name or ""] = prediction.record()
        if name:
            content.setdefault("activations", {})[name] = {**form}
    return content, lambda: predicted_html(records, content)


@app.command()
def report(
    file: Annotated[Path, typer.Argument(metavar="RUN", help="A run file.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write one self-contained HTML file there."
        ),
    ] = None,
    html: Annotated[
        bool, typer.Option("--html", help="The same, beside the run file: RUN.html.")
    ] = False,
    text: Annotated[
        bool | None,
        typer.Option("--text/--no-text", help="Print the report (the default without HTML)."),
    ] = None,
    json_file: JsonFile = None,
    all_sites: AllSites = False,
) -> None:
    """Show the report of a run file again: printed, or as one HTML file.

    Examples:

      stetho report stetho-runs/train-20260101-120000.stetho

      stetho report stetho-runs/train-20260101-120000.stetho -o report.html
    """
    from stetho.api import load_result
    from stetho.choosing import read_choice
    from stetho.report import print_choice

    page = output or (file.with_name(f"{file.name}.html") if html else None)
    refuse_unwritable([file], json=json_file, o=page)
    printed = text if text is not None else page is None
    raced = read_choice(file)
    result = load_result(file) if raced is None else None
    if raced is not None and printed:
        print_choice(raced.choice, sys.stdout, file=file)
    if result is not None and printed:
        show(result, sys.stdout, all_sites)
    shown = raced or result
    assert shown is not None, "a file is a race or a run"
    write_json(shown.json(), json_file)
    write_html(shown.html, page)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A run file.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Lay two runs side by side: which learns, what was found in each, site by site.

    Example:

      stetho compare stetho-runs/sigmoid.stetho stetho-runs/relu.stetho --html both.html
    """
    from stetho.api import compare_runs

    refuse_unwritable([a, b], json=json_file, html=html_file)
    pair = compare_runs(a, b)
    pair.show(sys.stdout)
    write_json(pair.json(), json_file)
    write_html(pair.html, html_file)


@app.command()
def explain(
    rule: Annotated[str | None, typer.Argument(metavar="RULE", help="A rule's name.")] = None,
) -> None:
    """What a rule looks at, why, and what helps. Without a name: the list of rules.

    Example:

      stetho explain vanishing-gradient
    """
    from stetho.diagnose import explain as explain_rule

    print(explain_rule(rule))


def version(value: bool) -> None:
    if value:
        import stetho
        from stetho.summarise import native

        print(f"stetho {stetho.__version__}\n{native.describe()}")
        raise typer.Exit()


@app.callback()
def common(
    _version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


# -- printing ------------------------------------------------------------------------------------


def show(result: Result, stream: Any, all_sites: bool) -> None:
    from stetho.report import print_report

    print_report(result.run, result.diagnosis, stream=stream, file=result.file, all_sites=all_sites)


def terminal_width() -> int:
    return shutil.get_terminal_size((80, 24)).columns


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; gives the exit code. Refusals go to stderr in one paragraph.

    Without `arguments` those of the process are taken, which then ends with the script of `run`.
    """
    try:
        app(arguments, standalone_mode=True, obj=arguments is None)
    except StethoError as error:
        print(f"stetho: {error}", file=sys.stderr)
        return USAGE
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    return 0
