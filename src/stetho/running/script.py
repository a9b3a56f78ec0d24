"""A script's path, or a module's name, and its arguments → its exit code, run as Python would.

The script finds itself in `__main__`, with its own `sys.argv` and `sys.path[0]`. Processes that
it spawns find its main module as they would without us. Tracebacks show the script's own frames.
"""

from __future__ import annotations

import atexit
import importlib.machinery
import importlib.util
import io
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NoReturn

from stetho.errors import TargetError, faults_are_raised
from stetho.observe.tracebacks import without_ours


@dataclass(frozen=True, slots=True)
class Script:
    """Something that can be run as `__main__`."""

    code: CodeType
    file: str
    path0: str  # what Python would put first on sys.path
    spec: importlib.machinery.ModuleSpec | None = None
    package: str | None = None
    argv0: str | None = None  # what sys.argv[0] is to be, where it is not the file


def load(target: str, as_module: bool = False) -> Script:
    """Find and compile a script (`train.py`) or, as `python -m` does, a module (`pkg.train`)."""
    return _load_module(target) if as_module else _load_file(target)


def run_plainly(target: str, arguments: Sequence[str], as_module: bool) -> NoReturn:
    """Let Python itself run a script, in place of this process."""
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    module = ["-m"] if as_module else []
    os.execv(sys.executable, [sys.executable, *flags, *module, target, *arguments])


def _load_file(target: str) -> Script:
    path = Path(target)
    if path.is_dir():
        main = path / "__main__.py"
        if not main.is_file():
            raise TargetError(
                f"expected a Python script, got the directory {target} without a __main__.py; "
                "name the script in it that trains"
            )
        return Script(_compile(main), os.path.abspath(main), str(path), argv0=target)
    if not path.is_file():
        raise TargetError(
            f"expected a Python script, but there is no file {target} in {os.getcwd()}; check the "
            "path, or use -m for a module"
        )
    return Script(_compile(path), os.path.abspath(target), str(path.resolve().parent), argv0=target)


def _compile(path: Path) -> CodeType:
    try:
        with io.open_code(str(path.resolve())) as file:
            source = file.read()
        return compile(source, os.path.abspath(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise TargetError(f"{path} is not a Python script that can be run: {error}") from error
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}") from error


def _load_module(name: str) -> Script:
    sys.path.insert(0, os.getcwd())
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            name += ".__main__"
            spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError) as error:
        raise TargetError(
            f"expected a module to run, but {name} cannot be found: {error}"
        ) from error
    finally:
        sys.path.pop(0)
    loader = spec.loader if spec is not None else None
    code = loader.get_code(name) if isinstance(loader, InspectLoader) else None
    if spec is None or code is None:
        raise TargetError(
            f"expected a module to run, but there is no module {name} on the path; for a file "
            "leave out -m"
        )
    package = name.rpartition(".")[0]
    return Script(code, spec.origin or name, os.getcwd(), spec, package)


@contextmanager
def as_main(
    script: Script, arguments: Sequence[str], for_good: bool = False
) -> Iterator[ModuleType]:
    """A module `__main__` in which the script can be executed.

    Afterwards all is as before, unless it is to stay `for_good`, as the process ends with it.
    """
    main = ModuleType("__main__")
    main.__file__ = script.file
    main.__dict__["__builtins__"] = sys.modules["builtins"]
    main.__spec__ = script.spec
    main.__package__ = script.package
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    if script.spec is not None:
        main.__loader__ = script.spec.loader
        main.__dict__["__cached__"] = script.spec.cached
    else:
        loader = importlib.machinery.SourceFileLoader("__main__", script.file)
        main.__loader__ = loader
        main.__dict__["__cached__"] = None
    before = sys.modules["__main__"], sys.argv, list(sys.path)
    sys.modules["__main__"] = main
    sys.argv = [script.argv0 or script.file, *arguments]
    sys.path[:1] = [script.path0]  # in place of the folder of our own command
    try:
        yield main
    finally:
        if not for_good:
            sys.modules["__main__"], sys.argv, sys.path[:] = before


def run(
    script: Script,
    arguments: Sequence[str],
    at_end: Callable[[int], None],
    before_exit: Callable[[], None] | None = None,
    failed: Callable[[Exception], None] = lambda fault: None,
) -> int:
    """Run a script; gives the exit code that Python would end with.

    Negative: the number of the signal that would end it, as `subprocess` has it (Ctrl-C).

    `at_end(exit_code)` is called when its main module has come to its end, however it did, while
    its objects are still alive. With `before_exit` the process ends with the script: its other
    threads and its exit handlers come to their end before that, in Python's own order, and
    `before_exit()` is called between the two. Exceptions are printed as Python prints them.
    `failed` is told of a fault of ours after the script's own code has ended.
    """
    with as_main(script, arguments, for_good=before_exit is not None) as main:
        code = 1
        interrupted = False
        try:
            exec(script.code, main.__dict__)
            code = 0
        except SystemExit as leaving:
            code = _exit_code(leaving)
        except KeyboardInterrupt as error:
            _print_exception(error)
            code, interrupted = 130, True
        except BaseException as error:
            _print_exception(error)
            code = 1
        finally:
            try:
                _flush()
                if before_exit is not None:
                    _end(main, script, before_exit)
            except Exception as fault:
                if faults_are_raised():
                    raise
                failed(fault)
            finally:
                at_end(code)
    return -signal.SIGINT if interrupted and before_exit is not None else code


def _end(main: ModuleType, script: Script, before_exit: Callable[[], None]) -> None:
    """What Python does between the end of a main module and its own."""
    if script.spec is None:
        main.__dict__.pop("__file__", None)
        main.__dict__.pop("__cached__", None)
    _end_threads()
    before_exit()
    atexit._run_exitfuncs()
    _flush()


def _end_threads() -> None:
    """Wait for threads as Python does at its end: a second Ctrl-C stops the waiting."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
    except KeyboardInterrupt as error:
        _print_exception(error)


def _exit_code(leaving: SystemExit) -> int:
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    print(leaving.code, file=sys.stderr)
    return 1


def _print_exception(error: BaseException) -> None:
    """As the interpreter would: by sys.excepthook, without the frames that ran the script."""
    trace = error.__traceback__ = without_ours(error.__traceback__)
    try:
        sys.excepthook(type(error), error, trace)
    except Exception:
        traceback.print_exception(type(error), error, trace)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
