"""A small part of the torture suite; `make torture` runs the whole."""

from __future__ import annotations

import pytest

from torture import ends, faults, readers, surroundings


@pytest.mark.parametrize("part", [ends, surroundings, readers, faults], ids=lambda part: part.NAME)
def test_nothing_goes_wrong(part):
    rows = part.run(scale=0.01, seed=5)
    assert sum(row.tried for row in rows) >= 3
    assert [(row.what, row.note) for row in rows if row.fine < row.tried] == []
