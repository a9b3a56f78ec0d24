"""`stetho view`'s server, asked as other programs of the machine would ask it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest
import uvicorn

from pages.choices import a_choice
from pages.runs import sick_run
from stetho.diagnose import diagnose
from stetho.errors import UsageError
from stetho.live.access import is_loopback
from stetho.live.runs import News, Runs, stamp
from stetho.live.server import address_of, application, bound
from stetho.record import Run
from stetho.store import RunWriter, save_run
from stetho.store.race_file import RaceFile

TOKEN = "a-token-of-this-test"
HOSTILE = "<script>alert(1)</script>.stetho"


@dataclass
class Server:
    port: int
    folder: Path
    connections: list[http.client.HTTPConnection] = field(default_factory=list)

    def ask(
        self, path: str, token: str | None = TOKEN, host: str | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.connections.append(connection)
        headers = {"Host": host or f"127.0.0.1:{self.port}"}
        if token is not None:
            headers["Cookie"] = f"stetho-{self.port}={token}"
        connection.request("GET", path, headers=headers)
        return connection.getresponse()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    run = sick_run(sites=4, probes=3)
    save_run(tmp_path / "a.stetho", run, diagnose(run))
    (tmp_path / "deeper").mkdir()
    save_run(tmp_path / "deeper" / "b.stetho", run)
    save_run(tmp_path / HOSTILE.replace("/", "_"), run)
    (tmp_path / "broken.stetho").write_bytes(b"no run file at all")
    (tmp_path / "secret.txt").write_text("secret")
    listener = bound("127.0.0.1", 0)
    config = uvicorn.Config(
        application(Runs(tmp_path), TOKEN), log_level="error", timeout_graceful_shutdown=1
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not running.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    made = Server(listener.getsockname()[1], tmp_path)
    yield made
    for connection in made.connections:
        connection.close()
    running.should_exit = True
    thread.join(timeout=60)


PATHS = ["/", "/list", "/run/a.stetho", "/data/a.stetho", "/events/a.stetho", "/compare"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], "é"])
def test_nothing_without_the_token(server: Server, path: str, token: str | None) -> None:
    answer = server.ask(path, token if token is None else token.encode().decode("latin-1"))
    body = answer.read().decode()
    assert answer.status == 403
    assert "open the whole address that `stetho view` printed" in body
    assert "sigmoid" not in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.7", "0.0.0.0"])
def test_a_name_of_the_web_that_points_here_is_refused(server: Server, host: str) -> None:
    answer = server.ask("/run/a.stetho", host=host)
    assert answer.status == 421
    assert "loopback" in answer.read().decode()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_names_of_this_machine_pass(server: Server, host: str) -> None:
    answer = server.ask("/list", host=f"{host}:{server.port}")
    assert answer.status == 200


def test_the_token_in_the_address_becomes_a_cookie(server: Server) -> None:
    answer = server.ask(f"/?token={TOKEN}", token=None)
    assert answer.status == 303
    assert "token" not in (answer.getheader("location") or "")
    cookie = answer.getheader("set-cookie") or ""
    assert cookie.startswith(f"stetho-{server.port}={TOKEN};")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    wrong = server.ask("/?token=wrong", token=None)
    assert (wrong.status, wrong.getheader("set-cookie")) == (403, None)


def test_the_list(server: Server) -> None:
    text = server.ask("/").read().decode()
    assert 'href="/run/a.stetho"' in text
    assert 'href="/run/deeper/b.stetho"' in text
    assert "not learning" in text
    assert "is no run file" in text, "what cannot be read is named, and the others are shown"
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/run/absent.stetho",
        "/run/secret.txt",
        "/run/../secret.txt",
        "/run/..%2fsecret.txt",
        "/run/%2e%2e/%2e%2e/etc/passwd",
        "/run//etc/passwd",
        "/data/secret.txt",
        "/events/secret.txt",
        "/compare?a=secret.txt&b=a.stetho",
        "/compare",
    ],
)
def test_only_runs_of_the_list_can_be_asked_for(server: Server, path: str) -> None:
    answer = server.ask(path)
    body = answer.read().decode()
    assert answer.status == 404
    assert body.startswith(("stetho: expected", "Not Found"))
    assert "root:" not in body


def test_a_broken_file_is_told(server: Server) -> None:
    answer = server.ask("/run/broken.stetho")
    assert answer.status == 404
    assert "is no run file" in answer.read().decode()


def test_a_race_beside_the_runs(server: Server) -> None:
    file = server.folder / "race.stetho"
    race = RaceFile.new(file, Run(command="stetho choose train.py", kind="race"))
    assert "race" in server.ask("/list").read().decode()
    unfinished = server.ask("/run/race.stetho")
    assert unfinished.status == 404
    assert "stetho choose --resume" in unfinished.read().decode()
    race.put("choice", json.dumps(asdict(a_choice())))
    ended = server.ask("/run/race.stetho")
    assert ended.status == 200
    assert "elu is better than sigmoid" in ended.read().decode()


def test_page_and_data(server: Server) -> None:
    page = server.ask("/run/a.stetho")
    assert page.getheader("cache-control") == "no-store"
    assert page.getheader("x-frame-options") == "DENY"
    text = page.read().decode()
    assert 'data-live="/events/a.stetho"' in text
    news = json.loads(server.ask("/data/a.stetho").read())
    assert set(news) == {"main", "navigation", "status", "facts", "data", "form", "finished"}
    found = re.search(r'<main id="content">(.*?)</main>', text, re.S)
    assert found is not None
    assert news["main"] == found[1]


def test_events_come_when_something_is_written(server: Server) -> None:
    file = server.folder / "now.stetho"
    run = replace(sick_run(sites=3, probes=4), finished=False)
    writer = RunWriter(file, run)
    writer.add_sites(run.sites)
    writer.add_probe(run.probes[0])
    events = server.ask("/events/now.stetho")
    assert events.getheader("content-type", "").startswith("text/event-stream")
    assert next_event(events) == "changed", "one at once"
    before = json.loads(server.ask("/data/now.stetho").read())
    writer.add_probe(run.probes[1])
    start = time.monotonic()
    assert next_event(events) == "changed"
    assert time.monotonic() - start < 30, "it comes by itself, not when the connection ends"
    after = json.loads(server.ask("/data/now.stetho").read())
    writer.close()
    events.close()
    assert (before["data"]["probes"], after["data"]["probes"]) == (1, 2)
    assert not after["finished"]


def next_event(events: http.client.HTTPResponse) -> str:
    while line := events.readline().decode():
        if line.startswith("event:"):
            return line.partition(":")[2].strip()
    raise AssertionError("the stream ended")


def test_news_are_made_once_for_all_that_ask(tmp_path: Path) -> None:
    run = sick_run(sites=3, probes=4)
    writer = RunWriter(tmp_path / "a.stetho", run)
    writer.add_sites(run.sites)
    news = News()
    first = news.of(tmp_path / "a.stetho")
    assert news.of(tmp_path / "a.stetho") is first
    before = stamp(tmp_path / "a.stetho")
    writer.add_probe(run.probes[0])
    assert stamp(tmp_path / "a.stetho") != before
    assert news.of(tmp_path / "a.stetho") != first
    writer.close()


def test_one_run_alone(tmp_path: Path) -> None:
    run = sick_run(sites=3, probes=2)
    for name in ("a", "b"):
        save_run(tmp_path / f"{name}.stetho", run)
    assert list(Runs(tmp_path / "a.stetho").files()) == ["a.stetho"]
    with pytest.raises(UsageError, match="there is no"):
        Runs(tmp_path / "absent")


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UsageError, match="choose another with --port"):
            bound("127.0.0.1", other.getsockname()[1])


def test_addresses() -> None:
    assert address_of("127.0.0.1", 80, "t") == "http://127.0.0.1:80/?token=t"
    assert address_of("::1", 80, "t") == "http://[::1]:80/?token=t"
    assert is_loopback("127.3.2.1")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("localhost.evil.example")
