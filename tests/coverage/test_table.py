"""docs/seen.md: each row says seen, partly or no, and names a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "seen.md"


def rows():
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in TABLE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| what |")
    ]
    return [pytest.param(*row, id=row[0][:60]) for row in cells if len(row) == 4] or cells


def defined_in(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("what", "seen", "how", "test"), rows())
def test_a_row_says_how_and_names_a_test_that_exists(what, seen, how, test):
    assert seen in ("yes", "partly", "no")
    assert what
    assert how
    found = re.fullmatch(r"`(\w+/test_\w+\.py)::(test_\w+)`", test)
    assert found is not None, test
    file = ROOT / "tests" / found[1]
    assert file.is_file()
    assert found[2] in defined_in(file)


def test_every_line_of_the_table_is_a_row():
    lines = [
        line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    heads = [line for line in lines if line.startswith("| what |")]
    assert len(rows()) == len(lines) - len(heads) > 35


def test_the_counts_in_the_table_are_those_of_the_tests():
    text = TABLE.read_text(encoding="utf-8")
    from acceptance import test_hugging_face
    from coverage import test_families, test_unknown_functions

    names, others = test_unknown_functions.NAMES, test_unknown_functions.NOT_ONE_SITE
    assert f"| {len(names)} classes of `torch-activation`" in text
    assert f"{len(names) - len(others)} are one site" in text
    assert f"the other {len(others)} are listed" in text
    assert f"| {len(test_hugging_face.FAMILIES)} families of `transformers`" in text
    assert f"| {len(test_families.FAMILIES)} more, two training steps each" in text
