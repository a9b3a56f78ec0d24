"""What is written is what is read: 7 digits where float32 holds them, every digit elsewhere."""

from __future__ import annotations

import math
import sqlite3
import struct
import uuid
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stetho.record import (
    Diagnosis,
    Function,
    Optimizer,
    Overhead,
    Parameter,
    Probe,
    Run,
    Site,
    SiteStats,
)
from stetho.store import RunWriter, blocks, read_diagnosis, read_run, save_run

NORMAL = 2.0**-126


def same(left: Any, right: Any, digits: float) -> bool:
    """Equal with nan = nan; floats to a relative `digits`."""
    if isinstance(left, float) and isinstance(right, float):
        both_nan = math.isnan(left) and math.isnan(right)
        return both_nan or math.isclose(left, right, rel_tol=digits, abs_tol=0.0)
    if is_dataclass(left):
        return type(left) is type(right) and all(
            same(getattr(left, item.name), getattr(right, item.name), digits)
            for item in fields(left)
        )
    if isinstance(left, dict):
        keys = list(left) == list(right)
        return keys and all(same(left[key], right[key], digits) for key in left)
    if isinstance(left, tuple):
        return len(left) == len(right) and all(
            same(one, other, digits) for one, other in zip(left, right, strict=True)
        )
    return bool(left == right and type(left) is type(right))


def test_same_can_fail() -> None:
    assert same(Overhead(math.nan, 1.0), Overhead(math.nan, 1.0), 0.0)
    assert not same(Overhead(math.nan, 1.0), Overhead(1.0, 1.0), 0.0)
    assert not same((1.0,), (1.0000003,), 6e-8)
    assert not same({"a": 1}, {"b": 1}, 0.0)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_run_survives(
    data: st.DataObject,
    any_run: st.SearchStrategy[Run],
    any_diagnosis: st.SearchStrategy[Diagnosis],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    run, diagnosis = data.draw(any_run), data.draw(any_diagnosis)
    path = tmp_path_factory.getbasetemp() / f"{uuid.uuid4().hex}.stetho"
    save_run(path, run, diagnosis)
    # float32 keeps 24 bits: half a unit in the last place is 2**-24 of the value.
    assert same(read_run(path), run, 2.0**-24)
    assert same(read_diagnosis(path), diagnosis, 0.0)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ((), b"f"),
        ((0.0, -0.0, 1.5, math.inf, -math.inf, math.nan), b"f"),
        ((NORMAL, -NORMAL, 3.4028234663852886e38), b"f"),
        ((math.nan, NORMAL / 2), b"d"),
        ((1e-45,), b"d"),
        ((1e-60, 1.0), b"d"),
        ((1e300,), b"d"),
        ((math.nan, -1e300), b"d"),
        ((5e-324,), b"d"),
    ],
)
def test_numbers_beyond_float32_make_a_block_float64(
    values: tuple[float, ...], code: bytes
) -> None:
    packed = blocks.pack_numbers(values)
    assert packed[:1] == code
    assert same(blocks.unpack_numbers(packed), values, 0.0)


@given(values=st.lists(st.floats()).map(tuple))
def test_no_number_is_lost(values: tuple[float, ...]) -> None:
    assert same(blocks.unpack_numbers(blocks.pack_numbers(values)), values, 2.0**-24)


def test_bytes_are_little_endian_on_every_machine() -> None:
    assert blocks.pack_numbers([1.0]) == b"f" + struct.pack("<f", 1.0)
    assert blocks.pack_steps([1]) == b"\x01" + b"\x00" * 7


def test_structure_grows_by_name(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "run.stetho", Run())
    relu = Function(name="relu")
    writer.add_sites([Site(name="b/relu", function=relu, index=1)])
    writer.add_sites(
        [
            Site(name="a/relu", function=relu, index=0),
            Site(name="b/relu", function=relu, index=1, units=3),
        ]
    )
    writer.add_parameters([Parameter(name="w", shape=(2,))])
    writer.add_parameters([Parameter(name="b", shape=(2,))])
    writer.add_optimizers([Optimizer("SGD")])
    writer.add_optimizers([Optimizer("SGD"), Optimizer("Adam")])
    writer.set_version("torch", "2.0")
    writer.set_device("cuda:0")
    for sentence in ("once", "later", "once"):
        writer.note_unseen(sentence)
    writer.close()
    run = read_run(tmp_path / "run.stetho")
    assert [(site.name, site.units) for site in run.sites] == [("a/relu", 0), ("b/relu", 3)]
    assert [parameter.name for parameter in run.parameters] == ["w", "b"]
    assert [optimizer.name for optimizer in run.optimizers] == ["SGD", "Adam"]
    assert (run.versions, run.device, run.unseen) == ({"torch": "2.0"}, "cuda:0", ("once", "later"))
    assert not run.finished


def test_first_nonfinite_loss_is_noted(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "run.stetho", Run())
    writer.add_losses([0, 1], [1.0, 2.0])
    writer.add_losses([2, 3, 4], [1.0, math.inf, 1.0])
    writer.add_losses([5], [math.nan])
    writer.close()
    assert read_run(tmp_path / "run.stetho").first_nonfinite_loss == 3


def test_a_file_is_read_by_field_name(tmp_path: Path) -> None:
    """A file of another version: one field is not known here, others are missing there."""
    path = tmp_path / "run.stetho"
    save_run(path, Run(probes=(Probe(step=0, time=0.0, sites={"a/relu": SiteStats(z_mean=2.0)}),)))
    with sqlite3.connect(path) as file:
        number = file.execute("SELECT id FROM layout WHERE names = '[\"a/relu\"]'").fetchone()[0]
        columns = '["up_rms","of_the_future","z_mean"]'
        file.execute("UPDATE layout SET fields = ? WHERE id = ?", (columns, number))
        file.execute("UPDATE probe SET sites = ?", (blocks.pack_numbers([1.0, 9.0, 3.0]),))
        file.execute("CREATE TABLE candidate (name TEXT)")  # a table of a later version
    file.close()
    stats = read_run(path).probes[0].sites["a/relu"]
    assert same(stats, replace(SiteStats(), up_rms=1.0, z_mean=3.0), 0.0)


def test_diagnosis_after_finish_and_in_one_file(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "run.stetho", Run())
    writer.add_losses([0], [1.0])
    writer.finish(3, Overhead(1.0, 50.0, 4, 10))
    assert read_diagnosis(tmp_path / "run.stetho") is None
    writer.add_diagnosis(Diagnosis("all is well"))
    writer.close()
    writer.add_losses([1], [1.0])  # after close: nothing happens
    assert [path.name for path in tmp_path.iterdir()] == ["run.stetho"]
    assert read_diagnosis(tmp_path / "run.stetho") == Diagnosis("all is well")
    run = read_run(tmp_path / "run.stetho")
    assert (run.finished, run.exit_code, run.overhead.share) == (True, 3, 0.02)
    assert run.losses == (1.0,)
