"""Arguments of `stetho view` → a server that shows runs, until it is interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stetho.errors import UsageError


def view(
    place: Annotated[
        Path, typer.Argument(metavar="[RUN|DIR]", help="A run file, or a folder of them.")
    ] = Path("stetho-runs"),
    port: Annotated[
        int, typer.Option(metavar="P", min=0, max=65535, help="0: any that is free.")
    ] = 0,
    host: Annotated[
        str, typer.Option(metavar="H", help="Where to listen; not on this machine alone: 0.0.0.0.")
    ] = "127.0.0.1",
    browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = False,
) -> None:
    """Show runs in a browser, live while they train. Ends with Ctrl-C.

    Only this machine can ask, and only with the token in the address that is printed.

    Examples:

      stetho view

      stetho view stetho-runs/train-20260101-120000.stetho --open
    """
    try:
        from stetho.live import access, runs, server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"expected starlette and uvicorn for the live page, but {error.name} is not installed; "
            "install them with: pip install 'stetho[live]'"
        ) from None
    shown = runs.Runs(place)
    token = access.new_token()
    listener = server.bound(host, port)
    address = server.address_of(host, listener.getsockname()[1], token)
    print(f"Open {address}", flush=True)
    if not access.is_loopback(host):
        print("Others on the network can reach this server; the token is all that keeps them out.")
    if browser:
        import webbrowser

        webbrowser.open(address)
    server.serve(shown, listener, token)
