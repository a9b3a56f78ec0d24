"""Python's audit events → a refusal of what cannot be kept away from the user's files."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# Programs that libraries ask about the machine, and that leave nothing behind.
HARMLESS = frozenset(
    "arch cat df du echo free getconf groups head hostname id ldconfig ldd ls lsb_release lscpu "
    "nproc nvcc nvidia-smi printenv ps pwd readlink rocm-smi rocminfo stat sw_vers sysctl "
    "system_profiler tail true uname uptime wc which whoami xcode-select".split()
)
ASKING = frozenset("branch describe diff log ls-files rev-parse show status symbolic-ref".split())
SHELL_SIGNS = set("<>|;&`$(){}\n")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {  # event → which of its values are paths
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.link": (0, 1),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.removexattr": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.setxattr": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.utime": (0,),
    "os.chflags": (0,),
    "os.mkfifo": (0,),
    "os.mknod": (0,),
    "sqlite3.connect": (0,),
}
STARTS = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn")
HEARD = ("open", "os.", "subprocess.", "sqlite3.", "pty.", "socket.bind")
ENDINGS = ("os.kill", "os.killpg")


class Uncontained(BaseException):
    """Ends a trial, past its `except Exception`, before it does what cannot be contained."""


class Watch:
    """Refuses, while it is on, what would get past the redirection.

    Python keeps an audit hook for ever, so there is one for all watches, which does nothing
    between them.
    """

    _hooked = False
    _on: Watch | None = None

    def __init__(self, is_free: Callable[[str], bool], inside: threading.local) -> None:
        self._is_free = is_free
        self._inside = inside  # `.depth` above 0 where our own code is at work
        self.refusal = ""  # the first one, even if the script has caught it
        self.port = False  # whether a port of a fixed number was opened

    def start(self) -> None:
        Watch._on = self
        if not Watch._hooked:
            Watch._hooked = True
            sys.addaudithook(_heard)

    def stop(self) -> None:
        Watch._on = None

    def refuse(self, what: str) -> None:
        said = (
            f"expected a script whose writes stetho can keep away from your files, but "
            f"{_line()}{what}, and this system gives trials no file system of their own; "
            "take that out for the race, or race on a Linux that allows mount namespaces"
        )
        self.refusal = self.refusal or said
        raise Uncontained(said)

    def hear(self, event: str, values: tuple[Any, ...]) -> None:
        if getattr(self._inside, "depth", 0) or not event.startswith(HEARD):
            return
        self._inside.depth = 1
        try:
            self._judge(event, values)
        finally:
            self._inside.depth = 0

    def _judge(self, event: str, values: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = values
            if isinstance(flags, int) and flags & WRITES and not self._may(path):
                self.refuse(f"opens {_named(path)} for writing past Python's open()")
        elif event in CHANGES:
            for i in CHANGES[event]:
                if i < len(values) and not self._may(values[i]):
                    name = event.partition(".")[2] if event.startswith("os.") else event
                    self.refuse(f"changes {_named(values[i])} ({name})")
        elif event in STARTS:
            words = _command(event, values)
            if not is_harmless(words):
                self.refuse(f"starts another program ({' '.join(words)[:80]})")
        elif event == "socket.bind":
            address = values[1]
            self.port |= isinstance(address, tuple) and bool(address[1:2] and address[1])
        elif event in ENDINGS and not _is_own(event, values[0]):
            raise PermissionError(1, "a trial may end no process but its own")

    def _may(self, path: Any) -> bool:
        if isinstance(path, int):
            path = path_of(path)
        if not path or path == ":memory:":
            return True
        with suppress(TypeError):
            name = os.fsdecode(path).removeprefix("file:").partition("?")[0]
            folder = os.path.realpath(os.path.dirname(name))
            return self._is_free(os.path.join(folder, os.path.basename(name)))
        return False


def _heard(event: str, values: tuple[Any, ...]) -> None:
    if Watch._on is not None:
        Watch._on.hear(event, values)


def path_of(handle: int) -> str:
    """The file that a descriptor is open on; "" for pipes and the like, or if nobody says."""
    with suppress(OSError):
        if sys.platform == "darwin":
            import fcntl

            told = fcntl.fcntl(handle, 50, bytes(1024))  # F_GETPATH
            return os.fsdecode(told.rstrip(b"\0"))
        path = os.readlink(f"/proc/self/fd/{handle}")
        return path if path.startswith("/") else ""
    return ""


def is_harmless(words: list[str]) -> bool:
    """Whether a command only looks at things."""
    if words[:1] and os.path.basename(words[0]) in ("sh", "bash") and words[1:2] == ["-c"]:
        line = " ".join(words[2:])
        if SHELL_SIGNS & set(line):
            return False
        words = shlex.split(line)
    name = os.path.basename(words[0]) if words else ""
    if words[1:] in (["--version"], ["-V"]):
        return True
    if name == "git":
        return next((word for word in words[1:] if not word.startswith("-")), "") in ASKING
    return name in HARMLESS


def _command(event: str, values: tuple[Any, ...]) -> list[str]:
    def text(value: Any) -> str:
        return os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else str(value)

    if event == "os.system":
        return ["sh", "-c", text(values[0])]
    program, words = values[-2:] if event.startswith("os.spawn") else values[:2]
    if event == "os.spawn":
        program, words = values[1:3]
    if isinstance(words, (str, bytes)):
        words = [words]
    return [text(program or words[0]), *map(text, list(words)[1:])]


def _is_own(event: str, process: int) -> bool:
    """This process, or one that it has started; never the one that started it."""
    if event == "os.killpg" or process <= 0:
        return False
    if process == os.getpid():
        return True
    with suppress(OSError):
        return process != os.getppid() and os.getpgid(process) == os.getpgid(0)
    return True  # there is none


def _named(path: Any) -> str:
    return str(path_of(path) if isinstance(path, int) else os.fsdecode(path))


def _line() -> str:
    """The user's own line that runs, as "train.py:12 "."""
    frame = sys._getframe(1)
    ours = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    while frame is not None:
        file = frame.f_code.co_filename
        library = "site-packages" in file or file.startswith((ours, sys.base_prefix, "<"))
        if not library:
            return f"{os.path.basename(file)}:{frame.f_lineno} "
        frame = frame.f_back  # type: ignore[assignment]
    return "it "
