"""The runner gives a script the same world as `python script.py`."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from stetho.errors import TargetError
from stetho.running.script import load, run

RUNNER = """
import sys
from stetho.running.script import load, run
as_module = sys.argv[1] == "-m"
rest = sys.argv[2:] if as_module else sys.argv[1:]
sys.exit(run(load(rest[0], as_module), rest[1:], lambda code: None))
"""

SCRIPTS = {
    "world": """
        import sys, os, __main__
        print(sys.argv, __name__, __main__.__dict__ is globals(), __file__)
        print(os.path.basename(sys.path[0]), __spec__, sorted(k for k in globals()))
        import beside
        print(beside.VALUE)
    """,
    "exits with a number": "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)",
    "exits with a text": "import sys; sys.exit('went wrong')",
    "exits with nothing": "raise SystemExit",
    "exits with a large number": "import sys; sys.exit(256 + 7)",
    "raises": """
        def inner():
            raise ValueError("no good")
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("outer") from error
    """,
    "own excepthook": """
        import sys
        sys.excepthook = lambda kind, error, trace: print("hooked", kind.__name__)
        1 / 0
    """,
    "at exit": """
        import atexit
        atexit.register(print, "bye")
        print("hello")
    """,
    "spawns": """
        import multiprocessing as mp
        def work(n):
            return n * n
        if __name__ == "__main__":
            with mp.get_context("spawn").Pool(1) as pool:
                print(pool.map(work, [1, 2, 3]))
    """,
    "pickles its own class": """
        import pickle
        class Thing:
            value = 3
        print(pickle.loads(pickle.dumps(Thing())).value)
    """,
}


def outcome(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_script_cannot_tell_the_difference(case, tmp_path):
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPTS[case]))
    (tmp_path / "beside.py").write_text("VALUE = 5\n")
    arguments = ["script.py", "--lr", "0.1"]
    plain = outcome([sys.executable, *arguments], tmp_path)
    ours = outcome([sys.executable, "-c", RUNNER, *arguments], tmp_path)
    assert ours == plain


def test_a_module_cannot_tell_the_difference(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("VALUE = 7\n")
    (package / "train.py").write_text(
        "import sys\nfrom .part import VALUE\n"
        "print(VALUE, sys.argv[1:], __package__, __spec__.name)\n"
    )
    arguments = ["-m", "package.train", "--x"]
    plain = outcome([sys.executable, *arguments], tmp_path)
    ours = outcome([sys.executable, "-c", RUNNER, *arguments], tmp_path)
    assert ours == plain
    assert ours[0] == 0


def test_the_end_is_told_while_the_script_s_objects_live(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("VALUE = [1]\nraise SystemExit(4)\n")
    told = []
    code = run(load(str(script)), [], lambda c: told.append((c, sys.modules["__main__"].VALUE)))
    assert (code, told) == (4, [(4, [1])])
    assert getattr(sys.modules["__main__"], "VALUE", None) != [1]


@pytest.mark.parametrize(
    ("target", "as_module", "expected"),
    [
        ("missing.py", False, "no file missing.py"),
        (".", False, "without a __main__.py"),
        ("no.such.module", True, "no.such.module"),
        ("broken.py", False, "not a Python script that can be run"),
    ],
)
def test_refusals_say_what_to_do(target, as_module, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(TargetError, match=expected):
        load(target, as_module)
