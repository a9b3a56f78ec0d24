"""Whatever the code replaces, hooks or registers has its row in docs/promises.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import stetho

SOURCE = Path(stetho.__file__).parent
ROWS = (SOURCE.parents[1] / "docs" / "promises.md").read_text()
# Calls that let code of ours be called by somebody else's.
HOOKS = re.compile(
    "register_(optimizer_step|module|full|forward|backward|multi|post|pre|hook|prehook|state|load).*"
    "|addaudithook|settrace|setprofile|set_trace_func"
)
ALLOWED = {  # put back where they are set
    "script.py sys.argv",  # has its row
    "engine.py sys.stdin",  # of a trial in this process, which has no keyboard
    "contained.py tempfile.tempdir",  # of such a trial as well
}
OWN_MODELS = {"surgery"}  # rooms that change a model because they are asked to


def of_source():
    for file in sorted(SOURCE.rglob("*.py")):
        if not OWN_MODELS & set(file.relative_to(SOURCE).parts):
            yield file, ast.parse(file.read_text())


def calls(tree, name):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if getattr(called, "id", getattr(called, "attr", "")) == name:
                yield node


def test_every_replacement_has_its_row():
    missing = []
    for file, tree in of_source():
        for call in calls(tree, "patched"):
            name = call.args[1]
            if isinstance(name, ast.Constant) and f"{name.value}`" not in ROWS:
                missing.append(
                    f"{file.name}:{call.lineno} {ast.unparse(call.args[0])}.{name.value}"
                )
    assert missing == []


def test_every_hook_has_its_row():
    missing = []
    for file, tree in of_source():
        for node in ast.walk(tree):
            name = getattr(node, "attr", getattr(node, "id", ""))
            called = isinstance(node, (ast.Attribute, ast.Name)) and HOOKS.fullmatch(name or "")
            if (
                called
                and f"{name}`" not in ROWS
                and f"{name})`" not in ROWS
                and "article" not in file.parts
            ):
                missing.append(f"{file.name}:{node.lineno} {name}")
    assert missing == []


def test_nothing_of_others_is_replaced_but_by_patched():
    """No assignment to an attribute of an imported module or class of torch, Keras or Python."""
    found = set()
    for file, tree in of_source():
        imported = {
            alias.asname or alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            and not (getattr(node, "module", "") or "").startswith("stetho")
            for alias in node.names
        }
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else []
            for target in targets:
                root = target
                while isinstance(root, ast.Attribute):
                    root = root.value
                if isinstance(target, ast.Attribute) and getattr(root, "id", "") in imported:
                    found.add(f"{file.name} {ast.unparse(target)}")
    assert found == ALLOWED
