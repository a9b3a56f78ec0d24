"""Watched as the tests of `observe` watch."""

from observe.conftest import observed, strict  # noqa: F401  (fixtures)
