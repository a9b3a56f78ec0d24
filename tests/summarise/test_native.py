"""The compiled kernels against plain torch calls: layouts, types, hard numbers, wrong sizes."""

from __future__ import annotations

import importlib
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stetho import activations
from stetho.record import Function
from stetho.summarise import native
from stetho.summarise.gradients import summarise_gradient
from stetho.summarise.layers import summarise_layer
from stetho.summarise.native.views import view
from stetho.summarise.parameters import parameter_stats, parameter_sums, sample
from stetho.summarise.site import site_stats, summarise_site
from stetho.summarise.units import FIELDS, ROW, UnitMemory

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
FUNCTIONS = ("relu", "sigmoid", "hardtanh", "gelu")
SHAPES = ((7,), (1, 1), (5, 3), (300, 17), (3, 0), (0, 4), (2, 1), (6, 5, 33), (4, 19, 6, 6))


@pytest.fixture(autouse=True)
def core():
    """In place of the fixture that takes each core in turn: here two are compared."""
    if native.core is None:
        pytest.skip(f"no compiled core: {native.missing}")


def by_torch(call):
    kept, native.core = native.core, None
    try:
        return call()
    finally:
        native.core = kept


def layouts(x):
    """The same numbers, lying in memory in other ways."""
    yield "as made", x
    if x.ndim == 4:
        yield "channels last", x.contiguous(memory_format=torch.channels_last)
    if x.ndim > 1:
        yield "transposed", x.transpose(0, -1).contiguous().transpose(0, -1)
        wide = torch.cat([x, x], dim=-1)
        yield "part of a wider one", wide[..., : x.shape[-1]]
        yield "every second", torch.stack([x, x], dim=-1)[..., 0]
        yield "one sample for all", x[:1].expand(x.shape)


def assert_same(mine, theirs, dtype, what):
    close = 1e-9 if dtype == torch.float64 else 2e-4
    torch.testing.assert_close(mine, theirs, rtol=close, atol=close, equal_nan=True, msg=what)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_site_however_it_lies_in_memory(shape, dtype):
    torch.manual_seed(0)
    for name in FUNCTIONS:
        record = activations.get(name)
        for layout, z in layouts((2 * torch.randn(shape)).to(dtype)):
            a = record.phi(z)
            for axis in range(len(shape)):
                mine = summarise_site(z, a, record.facts, axis, 500)
                # Torch rounds a limit to the type that it compares with it.
                wide = (x if x.dtype == torch.float64 else x.float() for x in (z, a))
                theirs = by_torch(lambda: summarise_site(*wide, record.facts, axis, 500))  # noqa: B023
                what = f"{name}, {layout}, axis {axis}"
                assert_same(mine.columns[:3], theirs.columns[:3], dtype, what)
                assert_same(mine.columns[5:], theirs.columns[5:], dtype, what)
                assert_same(mine.row(), theirs.row(), dtype, what)
                assert torch.equal(mine.histogram, theirs.histogram), what
                assert_same(mine.directions, theirs.directions, dtype, what)


def test_a_gate_whose_output_is_half_of_z():
    z = torch.randn(8, 12)
    call = lambda: summarise_site(z, z[:, :6] * torch.sigmoid(z[:, 6:]), SIGMOID, 1)  # noqa: E731
    assert_same(call().row(), by_torch(call).row(), z.dtype, "glu")


SIGMOID = activations.get("sigmoid").facts
WHY = r"\w"  # every refusal says why
HARD = {
    "far from zero": lambda x: x + 1e4,
    "tiny": lambda x: x * 1e-30,
    "huge": lambda x: x * 1e30,
    "of all sizes": lambda x: x * torch.logspace(-12, 12, x.shape[1]),
    "one is far off": lambda x: torch.cat([x[:1] + 1e6, x[1:]]),
    "with NaN and Inf": lambda x: torch.where(x > 2, torch.inf, torch.where(x < -2, torch.nan, x)),
    "constant": lambda x: torch.full_like(x, 0.3),
    "negative zeros": lambda x: torch.where(x < 0, -0.0, x),
}


@pytest.mark.parametrize("name", HARD)
def test_numbers_that_break_naive_code(name):
    torch.manual_seed(0)
    z = HARD[name](torch.randn(700, 19))
    for function in (SIGMOID, Function(name="Mine", known=False), activations.get("relu").facts):
        call = lambda: summarise_site(z, z, function, 1)  # noqa: B023, E731
        mine, theirs = call(), by_torch(call)
        for unit in range(z.shape[1]):
            one, other = mine.columns[:5, unit].tolist(), theirs.columns[:5, unit].tolist()
            deviation = math.sqrt(other[2] / max(other[0], 1))
            for order, (a, b) in enumerate(zip(one[1:], other[1:]), start=1):
                size = deviation**order * (1 if order == 1 else other[0])
                # Digits of the mean that single precision lacks are lost to its fourth power.
                blur = 1e-5 * size + 2e-7 * abs(other[1]) * max(deviation, 1e-300) ** (order - 1)
                assert a == pytest.approx(b, rel=1e-5, abs=blur), (unit, order)
        torch.testing.assert_close(mine.columns[5:], theirs.columns[5:], rtol=0, atol=0)
        got, expected = (site_stats(s.row().tolist()) for s in (mine, theirs))
        assert got["a_cosine"] == pytest.approx(expected["a_cosine"], nan_ok=True)


@settings(max_examples=150, deadline=None)
@given(
    shape=st.lists(st.integers(0, 40), min_size=0, max_size=4),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**30),
    spoiled=st.booleans(),
)
def test_gradients_inputs_and_parameters_of_any_shape(shape, dtype, seed, spoiled):
    torch.manual_seed(seed)
    x = torch.randn(shape).to(dtype)
    if spoiled and x.numel():
        x.view(-1)[:: max(1, x.numel() // 3)] = math.inf
    for layout, g in layouts(x):
        assert_same(*both(lambda: summarise_gradient(g).numbers), dtype, layout)  # noqa: B023
        for conv in (False, True):
            call = lambda: summarise_layer(g, conv, False, 300).row()  # noqa: B023, E731
            assert_same(*both(call), dtype, layout)
        moved = (g + 0.25).to(dtype)

        def parameter():
            first = sample(g, moved)  # noqa: B023
            _, last = parameter_sums(first, moved, None)  # noqa: B023
            sums, _ = parameter_sums(sample(g, moved), moved, last)  # noqa: B023
            return torch.tensor(list(vars_of(parameter_stats(sums.numbers.tolist()))))

        if not spoiled:
            assert_same(*both(parameter), dtype, layout)


def both(call):
    return call(), by_torch(call)


def vars_of(record):
    return (getattr(record, name) for name in record.__slots__)


def test_units_over_several_probes():
    torch.manual_seed(0)
    for name in FUNCTIONS:
        facts = activations.get(name).facts
        memories = UnitMemory(function=facts), UnitMemory(function=facts)
        for probe in range(4):
            z = 3 * torch.randn(40, 30) + torch.linspace(-9, 9, 30) + 0.1 * probe
            shift = None if probe == 1 else torch.linspace(-9, 9, 30)
            a = activations.get(name).phi(z)
            mine = memories[0].row(summarise_site(z, a, facts, 1), shift).tolist()
            theirs = by_torch(
                lambda: memories[1].row(summarise_site(z, a, facts, 1), shift)  # noqa: B023
            ).tolist()
            for field, one, other in zip(FIELDS, mine[ROW:], theirs[ROW:], strict=True):
                assert one == pytest.approx(other, rel=1e-5, abs=1e-6, nan_ok=True), (name, field)


@pytest.mark.parametrize(
    "changed",
    [
        {0: 0},  # no address
        {1: 9},  # no such type of numbers
        {2: (64, 65)},  # larger than its memory
        {2: (64, -1)},
        {2: (2**62, 2**62)},
        {3: (64, 2)},
        {3: (64,)},
        {3: (-64, 1)},
        {4: 64 * 64 * 4 - 4},
    ],
    ids=str,
)
def test_what_does_not_lie_within_its_memory_is_refused(changed):
    x, out = torch.zeros(64, 64), torch.zeros(5, dtype=torch.float64)
    given = list(view(x))
    native.core.spread(tuple(given), 1, 1, out.data_ptr(), 5)
    for place, value in changed.items():
        given[place] = value
    with pytest.raises(ValueError, match=WHY):
        native.core.spread(tuple(given), 1, 1, out.data_ptr(), 5)


def test_results_that_do_not_fit_are_refused():
    x, out = torch.zeros(64, 64), torch.zeros(5, dtype=torch.float64)
    seen, place = view(x), out.data_ptr()
    for call in (
        lambda: native.core.spread(seen, 1, 1, place, 4),
        lambda: native.core.spread(seen, 2, 1, place, 5),
        lambda: native.core.spread(seen, 1, 0, place, 5),
        lambda: native.core.gradient(seen, 1, 1, 1.0, place, 4),
        lambda: native.core.gradient(seen, 1, 0, 1.0, place, 5),
        lambda: native.core.before(seen, view(x[0]), 1, place, 4096, place, 14),
        lambda: native.core.before(seen, None, 1, place, 4095, place, 14),
        lambda: native.core.after(seen, 1, place, 0, place, 4095, place, 14),
        lambda: native.core.before_all([(seen, None, 1, place, 4095, place)]),
        lambda: native.core.before_all([(seen, None, 1, place)]),
        lambda: native.core.after_all([(seen, 1, place, 0, 4095, place)]),
        lambda: native.core.rows([()], place, 121),
        lambda: native.core.rows([], place, 121),
        lambda: native.core.columns(seen, 1, 1, place, 11 * 63),
        lambda: native.core.features(place, 8 * 63, 64, place, 5),
    ):
        with pytest.raises(ValueError, match=WHY):
            call()


def test_tensors_of_other_kinds_are_left_to_torch():
    class Mine(torch.Tensor):
        pass

    assert view(torch.zeros(3).as_subclass(Mine)) is None
    assert view(torch.zeros(3, dtype=torch.complex64)) is None
    assert view(torch.zeros(3).to_sparse()) is None
    assert view(torch.zeros(3, device="meta")) is None
    assert view(torch.zeros(3, dtype=torch.int64)) is None
    freed = torch.zeros(3)
    freed.untyped_storage().resize_(0)
    assert view(freed) is None
    assert view(torch.nn.Parameter(torch.zeros(3))) is not None


def test_a_core_of_another_version_is_not_taken(monkeypatch):
    monkeypatch.setattr(native._core, "INTERFACE", native.INTERFACE - 1)
    try:
        assert importlib.reload(native).core is None
        assert "install stetho again" in native.describe()
    finally:
        monkeypatch.undo()
        importlib.reload(native)
    assert native.core is not None
