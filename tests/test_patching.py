"""`patched` restores exactly what was there, and only what is still ours."""

from __future__ import annotations

import types
from contextlib import ExitStack

import pytest

from stetho.patching import patched


class Base:
    def name(self) -> str:
        return "base"

    @staticmethod
    def fixed() -> str:
        return "fixed"


class Derived(Base):
    pass


def shouting(original):
    def shout(*args):
        return original(*args).upper()

    return shout


def test_a_method_is_replaced_and_restored() -> None:
    before = vars(Base)["name"]
    with patched(Base, "name", shouting):
        assert Base().name() == Derived().name() == "BASE"
        assert Base.name.__name__ == "name"
    assert vars(Base)["name"] is before


def test_an_inherited_attribute_is_removed_again() -> None:
    with patched(Derived, "name", shouting):
        assert (Base().name(), Derived().name()) == ("base", "BASE")
    assert "name" not in vars(Derived)


def test_a_static_method_stays_one() -> None:
    with patched(Base, "fixed", shouting):
        assert Base.fixed() == Base().fixed() == "FIXED"
    assert isinstance(vars(Base)["fixed"], staticmethod)


def test_what_somebody_else_has_wrapped_stays_theirs() -> None:
    module = types.ModuleType("module")
    module.f = lambda: "f"
    with patched(module, "f", shouting):
        ours = module.f
        module.f = lambda: f"<{ours()}>"
        theirs = module.f
    assert module.f is theirs


def test_an_error_inside_restores() -> None:
    before = vars(Base)["name"]
    with pytest.raises(RuntimeError), patched(Base, "name", shouting):
        raise RuntimeError
    assert vars(Base)["name"] is before


def test_nested_patches_of_one_name_unwind_in_any_order() -> None:
    before = vars(Base)["name"]
    first, second = ExitStack(), ExitStack()
    first.enter_context(patched(Base, "name", shouting))
    second.enter_context(patched(Base, "name", lambda f: lambda self: f(self) + "!"))
    assert Base().name() == "BASE!"
    second.close()
    first.close()
    assert vars(Base)["name"] is before


def test_the_lower_of_two_of_ours_may_end_first() -> None:
    module = types.ModuleType("module")
    original = module.f = lambda: "f"

    def doubled(below):
        return lambda: 2 * below()

    lower, upper = ExitStack(), ExitStack()
    lower.enter_context(patched(module, "f", shouting))
    upper.enter_context(patched(module, "f", doubled))
    assert module.f() == "FF"
    lower.close()
    assert module.f() == "ff"
    upper.close()
    assert module.f is original
