"""A run file or a folder → a small web server that shows it and what changes in it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import ASGIApp

from stetho.api import compare_runs
from stetho.errors import StethoError, UsageError
from stetho.live.access import HEADERS, Guarded, is_loopback
from stetho.live.listing import listing, table
from stetho.live.runs import News, Runs, page, stamp

LOOK = 0.5  # seconds between two looks at a file

QUIET = 15.0  # seconds after which a silent connection says that it is alive
Look = Callable[[], object]


def application(runs: Runs, token: str, *, any_host: bool = False) -> ASGIApp:
    """The pages of `runs`, behind `token`. `any_host`: not only for this machine."""
    pages = _Pages(runs)
    routes = [
        Route("/", pages.index),
        Route("/list", pages.list),
        Route("/run/{name:path}", pages.run),
        Route("/data/{name:path}", pages.data),
        Route("/events/{name:path}", pages.events),
        Route("/events", pages.list_events),
        Route("/compare", pages.compare),
    ]
    handlers = {StethoError: _told}
    return Guarded(Starlette(routes=routes, exception_handlers=handlers), token, any_host=any_host)


async def _told(_: Request, error: Exception) -> Response:
    return PlainTextResponse(f"stetho: {error}\n", 404, HEADERS)


class _Pages:
    """Reading and diagnosing happen in threads, so that events go on meanwhile."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._news = News()

    async def index(self, _: Request) -> Response:
        if self._runs.single:
            (name,) = self._runs.files()
            return RedirectResponse(f"/run/{quote(name)}", 303, HEADERS)
        page = await run_in_threadpool(
            lambda: listing(self._runs.title, self._runs.listed(), "/events")
        )
        return HTMLResponse(page, headers=HEADERS)

    async def list(self, _: Request) -> Response:
        body = await run_in_threadpool(lambda: table(self._runs.listed()))
        return HTMLResponse(body, headers=HEADERS)

    async def run(self, request: Request) -> Response:
        file = self._file(request)
        address = f"/events/{quote(request.path_params['name'])}"
        made = await run_in_threadpool(page, file, address)
        return HTMLResponse(made, headers=HEADERS)

    async def data(self, request: Request) -> Response:
        file = self._file(request)
        form = await run_in_threadpool(self._news.of, file)
        return Response(form, media_type="application/json", headers=HEADERS)

    async def compare(self, request: Request) -> Response:
        files = []
        for side in "ab":
            name = request.query_params.get(side, "")
            file = self._runs.file(name)
            if file is None:
                raise UsageError(f"expected ?a=RUN&b=RUN from the list of runs, got {name!r}")
            files.append(file)
        page = await run_in_threadpool(lambda: compare_runs(*files).html())
        return HTMLResponse(page, headers=HEADERS)

    async def events(self, request: Request) -> Response:
        file = self._file(request)
        return _stream(request, lambda: stamp(file))

    async def list_events(self, request: Request) -> Response:
        return _stream(
            request, lambda: [(name, stamp(f)) for name, f in self._runs.files().items()]
        )

    def _file(self, request: Request) -> Path:
        name = request.path_params["name"]
        file = self._runs.file(name)
        if file is None:
            raise UsageError(f"expected a run of the list, but there is no {name!r} (any more)")
        return file


def _stream(request: Request, look: Look) -> Response:
    return StreamingResponse(
        _changes(request, look), media_type="text/event-stream", headers=HEADERS
    )


async def _changes(request: Request, look: Look) -> AsyncIterator[str]:
    """One event at once, and one whenever what is looked at has changed."""
    seen: object = None
    silent = 0.0
    while not await request.is_disconnected():
        now = look()
        if now != seen:
            seen, silent = now, 0.0
            yield "event: changed\ndata: {}\n\n"
        elif silent >= QUIET:
            silent = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(LOOK)
        silent += LOOK


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; refused in one sentence where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise UsageError(
            f"cannot listen on {host}, port {port}: {error}; choose another with --port"
        ) from error
    return made


def address_of(host: str, port: int, token: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/?token={token}"


def serve(runs: Runs, listener: socket.socket, token: str) -> None:
    """Until it is interrupted."""
    host = listener.getsockname()[0]
    app = application(runs, token, any_host=not is_loopback(host))
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=1, server_header=False, lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[listener])
