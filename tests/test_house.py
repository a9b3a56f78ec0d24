"""The house's limits: how long a file and a function may be, and what is passed by name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "stetho"
FILES = sorted(SOURCE.rglob("*.py"))
LONGEST_FILE = 400  # lines
LONGEST_FUNCTION = 60  # lines of its body, without its docstring
MOST_BY_PLACE = 5  # values; the compiled core alone takes more (nanobind: by name is slower)


def name_of(file: Path) -> str:
    return str(file.relative_to(SOURCE))


def is_text(statement: ast.stmt) -> bool:
    value = getattr(statement, "value", None)
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def long_functions(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if is_text(node.body[0]) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            if length > LONGEST_FUNCTION:
                yield node.name, length


def crowded_calls(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > MOST_BY_PLACE:
            if any(isinstance(one, ast.Starred) for one in node.args):
                continue
            called = ast.unparse(node.func)
            if not called.startswith("native.core."):
                yield called, node.lineno


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_file_function_or_call_is_too_long(file):
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= LONGEST_FILE
    assert list(long_functions(tree)) == []
    assert list(crowded_calls(tree)) == []


def test_what_is_too_long_is_found():
    body = "\n".join(f"    x = {i}" for i in range(LONGEST_FUNCTION + 1))
    assert list(long_functions(ast.parse(f"def f():\n    'text'\n{body}"))) == [("f", 61)]
    assert list(long_functions(ast.parse("def f():\n    'text'"))) == []
    assert list(crowded_calls(ast.parse("f(1, 2, 3, 4, 5, 6)"))) == [("f", 1)]
    assert list(crowded_calls(ast.parse("f(1, 2, 3, 4, 5, a=6)"))) == []
