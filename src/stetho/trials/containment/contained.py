"""A script that runs meanwhile leaves the user's files alone: its writes go to a scratch folder."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from stetho.patching import patched
from stetho.trials.containment.calls import Calls, aliases
from stetho.trials.containment.landlock import only_below
from stetho.trials.containment.redirect import View
from stetho.trials.containment.refusing import Watch

# (module, function, which of its values is a path, what happens there): these write or read in
# another language, and are given the place of a path.
PLACED = (
    ("torch._C", "PyTorchFileWriter", 0, "write"),
    ("torch._C", "PyTorchFileReader", 0, "read"),
    ("torch.storage", "UntypedStorage.from_file", 0, "map"),
    ("torch.jit", "load", 0, "read"),
    ("torch.jit", "save", 1, "write"),
    ("torch.jit", "ScriptModule.save", 1, "write"),
    ("torch.jit", "ScriptFunction.save", 1, "write"),
    ("safetensors", "safe_open", 0, "read"),
    ("safetensors.torch", "safe_open", 0, "read"),
    ("safetensors.numpy", "safe_open", 0, "read"),
    ("safetensors", "serialize_file", 1, "write"),
    ("safetensors.torch", "serialize_file", 1, "write"),
    ("safetensors.numpy", "serialize_file", 1, "write"),
)
# Writers in another language whose files cannot be told beforehand.
UNSEEN = (
    ("cv2", "imwrite"),
    ("cv2", "VideoWriter"),
    ("duckdb", "connect"),
    ("h5py", "File"),
    ("lmdb", "open"),
    ("netCDF4", "Dataset"),
    ("pyarrow", "OSFile"),
    ("pyarrow.parquet", "ParquetWriter"),
    ("pyarrow.parquet", "write_table"),
    ("tables", "open_file"),
)


@contextmanager
def contained(scratch: Path, folder: str, for_good: bool = False) -> Iterator[Watch]:
    """Redirect what is written meanwhile, and refuse what cannot be redirected.

    Args:
        scratch: an empty folder; what is left in it afterwards is the trial's.
        folder: the script's working directory.
        for_good: this process does nothing else: the kernel may forbid it all other writes.

    The watch that is yielded has the refusal, if there was one, in a sentence.
    """
    inside = threading.local()
    view, here = View(str(scratch), folder), os.getcwd()
    temporary = scratch / "tmp"
    temporary.mkdir()
    calls = Calls(view, inside, guarded=for_good and only_below([str(scratch)]))
    watch = Watch(view.is_free, inside)
    with ExitStack() as stack:
        stack.callback(os.chdir, here)
        os.chdir(calls.standing())
        stack.enter_context(_temporary_files_in(str(temporary)))
        _redirect(stack, calls)
        _wrap_libraries(stack, calls, watch)
        watch.start()
        stack.callback(watch.stop)
        yield watch


def _redirect(stack: ExitStack, calls: Calls) -> None:
    for owner, name, make in calls.rows():
        original = getattr(owner, name)
        replacement = make(original)
        for module, alias in aliases(original):
            stack.enter_context(patched(module, alias, partial(_instead, replacement)))
        for known in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if original in known:
                known.add(replacement)
                stack.callback(known.discard, replacement)
    accessor = getattr(sys.modules.get("pathlib"), "_NormalAccessor", None)
    for owner, name, _ in calls.rows() if accessor is not None else ():  # Python 3.10
        if owner in (os, sys.modules["io"]) and hasattr(accessor, name):
            current = getattr(owner, name)
            stack.enter_context(patched(accessor, name, partial(_instead, staticmethod(current))))


def _instead(replacement: Any, original: Any) -> Any:
    return replacement


@contextmanager
def _temporary_files_in(folder: str) -> Iterator[None]:
    before, kept = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    try:
        yield
    finally:
        tempfile.tempdir = before
        del os.environ["TMPDIR"]
        if kept is not None:
            os.environ["TMPDIR"] = kept


# -- libraries -------------------------------------------------------------------------------------


def _wrap_libraries(stack: ExitStack, calls: Calls, watch: Watch) -> None:
    """Those that are loaded by now, and those that the script is going to load."""
    wraps: dict[str, list[tuple[str, Callable[[Any], Any]]]] = {}
    for module, name, index, how in PLACED:
        wraps.setdefault(module, []).append((name, _placing(calls, index, how)))
    for module, name in UNSEEN:
        wraps.setdefault(module, []).append((name, _refusing(watch, f"{module}.{name}")))
    wraps["multiprocessing.util"] = [("spawnv_passfds", lambda f: _spawning(f, watch))]

    def wrap_loaded() -> None:
        for module in [name for name in wraps if name in sys.modules]:
            for name, make in wraps.pop(module):
                *classes, name = name.split(".")
                owner: Any = sys.modules[module]
                for one in classes:
                    owner = getattr(owner, one, None)
                if hasattr(owner, name):
                    stack.enter_context(patched(owner, name, make))

    def importing(original: Any) -> Any:
        def __import__(*args: Any, **kwargs: Any) -> Any:
            module = original(*args, **kwargs)
            if not wraps.keys().isdisjoint(sys.modules):
                wrap_loaded()
            return module

        return __import__

    if importlib.util.find_spec("safetensors") is not None:
        importlib.import_module("safetensors")  # before others take its functions by name
    wrap_loaded()
    stack.enter_context(patched(sys.modules["builtins"], "__import__", importing))


def _placing(calls: Calls, index: int, how: str) -> Callable[[Any], Any]:
    """A function that is given a place where its value number `index` is a path."""

    def make(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            values = list(args)
            if index < len(values) and isinstance(values[index], (str, os.PathLike)):
                shared = how == "map" and (args[1:2] == (True,) or kwargs.get("shared"))
                writes = how == "write" or shared
                with calls.originals():
                    place = calls.view.write if writes else calls.view.target
                    values[index] = place(os.fsdecode(values[index]))
            return original(*values, **kwargs)

        return call

    return make


def _refusing(watch: Watch, name: str) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            watch.refuse(f"calls {name}, which writes past Python")

        return call

    return make


def _spawning(original: Any, watch: Watch) -> Any:
    def spawnv_passfds(path: Any, args: Any, passfds: Any) -> Any:
        if not any("resource_tracker" in os.fsdecode(word) for word in args):
            watch.refuse("starts a new Python by multiprocessing's spawn or forkserver")
        return original(path, args, passfds)

    return spawnv_passfds
