"""The compiled core, built with sanitizers → thousands of calls on buffers of exact size.

`python tools/sanitized.py [--calls N]`: builds the core with the address and undefined-behaviour
sanitizers and calls it, in a process of its own without torch, with tensors that end where their
memory ends: whatever it read or wrote beyond would be told. Exit code 1 if anything was.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import nanobind

ROOT = Path(__file__).parents[1]
CORE = ROOT / "src" / "stetho" / "summarise" / "native"
FLAGS = (
    "-std=c++17 -g -O1 -fPIC -fsanitize=address,undefined -fno-sanitize-recover -Wno-psabi".split()
)
KERNELS = {
    "plain": (16, ()),
    "avx2": (32, ("-mavx2", "-mfma")),
    "avx512": (64, ("-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma")),
}
SIZES = (4, 8, 2, 2)  # bytes of a number, by kind


def build(folder: Path) -> None:
    include = Path(nanobind.include_dir())
    paths = [f"-I{include}", f"-I{sysconfig.get_path('include')}"]
    paths.append(f"-I{include.parent / 'ext' / 'robin_map' / 'include'}")
    objects = []

    def compiled(source: Path, name: str, *options: str) -> None:
        objects.append(str(folder / f"{name}.o"))
        words = ["g++", *FLAGS, *paths, *options, "-c", str(source), "-o", objects[-1]]
        subprocess.run(words, check=True)

    for name, (vector, options) in KERNELS.items():
        compiled(CORE / "kernels.cpp", name, f"-DISA={name}", f"-DVECTOR={vector}", *options)
    for source in ("core.cpp", "units.cpp", "others.cpp"):
        compiled(CORE / source, source, "-DX86", "-DNB_STATIC")
    compiled(
        include.parent / "src" / "nb_combined.cpp",
        "nanobind",
        "-DNB_STATIC",
        "-fno-strict-aliasing",
    )
    subprocess.run(["g++", *FLAGS, "-shared", *objects, "-o", str(folder / "_core.so")], check=True)


class Memory:
    """A tensor whose memory ends with its last element."""

    def __init__(self, draws: random.Random) -> None:
        axes = draws.randrange(5)
        self.shape = tuple(draws.choice((0, 1, 2, 3, 5, 17, 33, 64)) for _ in range(axes))
        order, steps, step = draws.sample(range(axes), axes), [0] * axes, 1
        for axis in order:
            steps[axis] = 0 if draws.random() < 0.05 else step
            step *= max(self.shape[axis], 1)
        self.kind = draws.randrange(4)
        last = sum((n - 1) * s for n, s in zip(self.shape, steps) if n)
        self.bytes = (0 if 0 in self.shape else last + 1) * SIZES[self.kind]
        self.content = ctypes.create_string_buffer(max(self.bytes, 1))
        self.content.raw = draws.randbytes(max(self.bytes, 1))
        self.view = (
            ctypes.addressof(self.content),
            self.kind,
            self.shape,
            tuple(steps),
            self.bytes,
        )


def doubles(count: int) -> tuple[ctypes.Array[ctypes.c_double], int, int]:
    array = (ctypes.c_double * max(count, 1))()
    return array, ctypes.addressof(array), count


def call_all(core: object, calls: int) -> None:
    draws = random.Random(0)
    facts = [
        core.Facts(
            known=True, flat_below=0.0, flat_above=None, saturates_below=0.0, saturates_above=None
        ),
        core.Facts(
            known=False,
            flat_below=None,
            flat_above=None,
            saturates_below=None,
            saturates_above=None,
        ),
    ]
    for _ in range(calls):
        x, stride = Memory(draws), draws.choice((1, 1, 2, 3, 7))
        unit = draws.randrange(len(x.shape)) if x.shape else -1
        units = x.shape[unit] if x.shape else 1
        _, out, length = kept = doubles(5)
        core.spread(x.view, unit, stride, out, length)
        core.gradient(x.view, unit, stride, 2.0, out, length)
        core.gradient(x.view, -1, stride, 1.0, out, length)
        core.norm([x.view, x.view])
        each = 1
        for n in x.shape[1:]:
            each *= n
        features = -(-each // stride) if len(x.shape) > 1 else 0
        if features <= 2048:
            size = 11 * units + 5 + 1 + 81 + features
            _, out, length = kept = doubles(size)
            f = draws.choice(facts)
            core.site(
                x.view,
                unit,
                x.view,
                unit,
                draws.choice(((), x.view)),
                stride,
                f,
                draws.choice((1, 3)),
                stride,
                features,
                out,
                length,
            )
            _, memory, cells = held = doubles(4 * units)
            _, row, numbers = given = doubles(2 * (30 + 2 * 5 + 81))
            _, gradient, _ = sides = doubles(5)
            shift = (gradient, 1, (units,), (0,), 40 if units else 0)
            item = (out, length, units, features, 3.0, 2.0)
            rest = (memory, cells, f, gradient, gradient)
            core.rows([(*item, None, *rest), (*item, shift, *rest)], row, numbers)
            _, five, count = told = doubles(5)
            core.features(out, 8 * units, units, five, count)
            core.columns(x.view, unit, stride, out, 11 * units)
            del held, given, sides, told
        first = -(-x.shape[0] // stride) if x.shape else 1
        entries = first * each if x.shape else 1
        wide = 8 if x.kind == 1 else 4
        sample, update = (ctypes.create_string_buffer(max(entries * wide, 1)) for _ in range(2))
        places = ctypes.addressof(sample), ctypes.addressof(update)
        _, out, length = kept = doubles(14)
        core.before(x.view, x.view, stride, places[0], entries, out, length)
        core.before(x.view, None, stride, places[0], entries, out, length)
        core.after(x.view, stride, places[0], places[0], places[1], entries, out, length)
        core.before_all([(x.view, x.view, stride, places[0], entries, out)] * 2)
        core.after_all([(x.view, stride, places[0], places[1], entries, out)] * 2)
        del kept


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=3000, help="for each instruction set")
    parser.add_argument("--core", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.core:
        sys.path.insert(0, given.core)
        import _core

        for name in KERNELS:
            if _core.use(name):
                call_all(_core, given.calls)
                print(f"{name}: {given.calls} rounds of calls, nothing found")
        return 0
    with tempfile.TemporaryDirectory() as name:
        build(Path(name))
        libraries = [
            subprocess.run(
                ["g++", f"-print-file-name={library}"], capture_output=True, text=True
            ).stdout.strip()
            for library in ("libasan.so", "libubsan.so", "libstdc++.so")
        ]
        env = {**os.environ, "LD_PRELOAD": ":".join(libraries), "ASAN_OPTIONS": "detect_leaks=0"}
        words = [sys.executable, __file__, "--core", name, "--calls", str(given.calls)]
        return subprocess.run(words, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
