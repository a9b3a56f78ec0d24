"""However a script writes, no file of its author's is changed by a race, or it is refused."""

from __future__ import annotations

import importlib.util
import inspect
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stetho.trials import trial as forms
from stetho.trials.containment import OVERLAY, REDIRECT, SETTING
from stetho.trials.engine import Errand
from stetho.trials.processes import Processes
from stetho.trials.trial import Script, Trial
from ways_of_writing import FILES, WAYS

pytestmark = pytest.mark.xdist_group("untouched")  # one process to fork from for each containment
NEEDS = {
    "joblib": "joblib",
    "h5py": "h5py",
    "safetensors": "safetensors",
    "Hugging Face save_pretrained": "transformers",
    "accelerate": "accelerate",
    "Lightning Fabric": "lightning",
    "TensorBoard": "tensorboard",
}
# What the redirection of Python's functions cannot lead elsewhere, and says so before it happens.
REFUSED = {
    "another program": "starts another program",
    "a shell": "starts another program",
    "ndarray.tofile and numpy.savetxt": "past Python's open()",
}
# What other languages write past Python's functions: where the kernel can (Landlock), it forbids
# it, and the script ends with the error that it gets.
FORBIDDEN = {"the C library", "h5py"}

TRAINING = """
import os, sys
import numpy as np
import torch
from torch import nn

HERE = os.getcwd()
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    model(torch.randn(4, 8)).square().mean().backward()
    optimizer.step()
"""


@pytest.fixture(scope="module", params=[OVERLAY, REDIRECT])
def engine(request: pytest.FixtureRequest) -> Iterator[Processes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SETTING, request.param)
        engine = Processes(1)
        yield engine
        engine.close()


def files_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder: contents, rights, times, and where links lead."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes()
        times = () if path.is_dir() else (stat.st_mtime_ns, stat.st_nlink, stat.st_ino)
        found[str(path.relative_to(folder))] = (content, stat.st_mode, *times)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_no_file_changes(
    way: str, engine: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way in NEEDS and importlib.util.find_spec(NEEDS[way]) is None:
        pytest.skip(f"{NEEDS[way]} is not installed")
    for name, content in FILES.items():
        file = tmp_path / "work" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    home = tmp_path / "home"
    home.mkdir()
    script = tmp_path / "work" / "train.py"
    script.write_text(f"import os\nos.environ['HOME'] = {str(home)!r}\n{TRAINING}{WAYS[way]}")
    monkeypatch.chdir(script.parent)
    before = files_of(tmp_path)
    scouting = engine.scout(Errand(Trial(Script(str(script)), "relu", incumbent=True), ("relu",)))
    outcome = scouting.outcome
    assert files_of(tmp_path) == before
    if os.environ[SETTING] == REDIRECT and way in REFUSED:
        assert outcome.status == forms.UNCONTAINED, outcome
        assert REFUSED[way] in outcome.why
    elif os.environ[SETTING] == REDIRECT and way in FORBIDDEN:
        assert outcome.status in (forms.RAISED, forms.UNCONTAINED), outcome
    else:
        assert outcome.status == forms.DONE, outcome


def test_each_name_of_the_tables_is_that_of_a_way() -> None:
    assert {*NEEDS, *REFUSED, *FORBIDDEN} <= set(WAYS)
    assert len(WAYS) >= 30


# Functions of `os` that make, change or find files by a path, and are neither redirected nor
# refused: they look at no path of the script's, or are made of functions that are redirected.
FREE = set(
    "confstr device_encoding environ environb execl execle execlp execlpe execv execve execvp "
    "execvpe extsep fdopen fspath fsdecode fsencode fwalk get_exec_path getenv getenvb linesep "
    "makedirs memfd_create mkdirs popen putenv removedirs renames walk pathconf ctermid "
    "abc posix_spawn posix_spawnp spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe "
    "startfile system unsetenv sysconf add_dll_directory chroot listdrives listmounts listvolumes "
    "copy_file_range splice sendfile fpathconf".split()  # the first three take open files
)


def test_a_new_function_of_os_that_takes_a_path_must_have_its_row(tmp_path: Path) -> None:
    """Which ones take a path is told by their signature; a new Python may bring another."""
    from stetho.trials.containment.calls import Calls
    from stetho.trials.containment.redirect import View
    from stetho.trials.containment.refusing import CHANGES

    calls = Calls(View(str(tmp_path), "/"), threading.local(), guarded=False)
    known = {name for module, name, _ in calls.rows() if module is os}
    known |= {event.partition(".")[2] for event in CHANGES}
    taking = {name for name in dir(os) if not name.startswith("_") and takes_a_path(name)}
    assert taking - known - FREE == set()


def takes_a_path(name: str) -> bool:
    try:
        names = set(inspect.signature(getattr(os, name)).parameters)
    except (TypeError, ValueError):
        return False
    return bool(names & {"path", "src", "dst", "file", "filename", "top", "target", "name"})
