"""Modules, functions and folders stay small enough to be read at once."""

import ast
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.test_rooms import ALLOWED

ROOT = Path(__file__).parent.parent
MAX_MODULE = 220
MAX_MEDIAN = 80
MAX_FUNCTION = 40
MAX_FOLDER = 14
LARGER_ON_PURPOSE = {
    "console/read_model/store/migrations/versions/first.py:upgrade": "the tables of the first version, one after another",
}
"""Functions over the limit, with the reason."""


class Module(NamedTuple):
    name: str
    lines: int
    tree: ast.Module


def modules() -> list[Module]:
    """Every module of the product that holds code."""
    found = []
    for path in sorted(path for room in (*ALLOWED, "cli") for path in (ROOT / room).rglob("*.py")):
        text = path.read_text()
        if text.strip():
            found.append(Module(str(path.relative_to(ROOT)), len(text.splitlines()), ast.parse(text)))
    return found


MODULES = modules()


def functions() -> Iterator[tuple[str, int]]:
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{module.name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_module_is_too_long_and_most_are_short() -> None:
    assert not {module.name: module.lines for module in MODULES if module.lines > MAX_MODULE}
    assert statistics.median(module.lines for module in MODULES) < MAX_MEDIAN


def test_no_function_is_too_long() -> None:
    too_long = {name: lines for name, lines in functions() if lines > MAX_FUNCTION}
    assert too_long.keys() == LARGER_ON_PURPOSE.keys(), too_long


def test_no_folder_holds_too_many_modules() -> None:
    folders = Counter(str(Path(module.name).parent) for module in MODULES if Path(module.name).name != "__init__.py")
    assert not {folder: count for folder, count in folders.items() if count > MAX_FOLDER}


def test_every_module_says_what_it_is_for() -> None:
    without = [module.name for module in MODULES if ast.get_docstring(module.tree) is None]
    assert not [name for name in without if Path(name).name != "__init__.py"]
