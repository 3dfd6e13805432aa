import ast
import builtins
import re

from bench.verdict import TOO_SLOW
from processors.watchdog.loop_guard import EXIT_BLOCKED
from tests.docs.markdown import REFERENCE, ROOM_READMES, fenced, table, unquoted

TEXT = (REFERENCE / "errors.md").read_text()
ROOT_ERROR = "ViveSyncError"
OUTSIDE = {"Problem", "MembershipLostError"}
"""Errors that do not derive from the root; the document gives the reasons."""
INDENT = len("├── ")

Tree = dict[str, tuple[str, ...]]
"""The base classes of each error."""


def is_builtin_error(name: str) -> bool:
    known = getattr(builtins, name, None)
    return isinstance(known, type) and issubclass(known, BaseException)


def classes_of_the_product() -> Tree:
    modules = (path for readme in ROOM_READMES for path in readme.parent.rglob("*.py") if "tests" not in path.parts)
    return {
        node.name: tuple(ast.unparse(base).rpartition(".")[2] for base in node.bases)
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }


def errors_of_the_product() -> Tree:
    classes = classes_of_the_product()
    found: Tree = {}
    while True:
        more = {
            name: bases
            for name, bases in classes.items()
            if name not in found
            and any(base in found or is_builtin_error(base) or base == "CancelledError" for base in bases)
        }
        if not more:
            return found
        found |= more


def drawn_tree() -> Tree:
    (drawn,) = fenced(TEXT, "text")
    above: list[str] = []
    tree: Tree = {}
    for line in drawn.splitlines():
        match = re.match(r"[│├└─ ]*(?P<name>\w+)(?: \((?P<builtin>\w+)\))?", line)
        assert match is not None, line
        depth = match.start("name") // INDENT
        above[depth:] = [match["name"]]
        parents = (above[depth - 1],) if depth else ("Exception",)
        tree[match["name"]] = parents + ((match["builtin"],) if match["builtin"] else ())
    return tree


def test_the_tree_shows_every_error_below_its_base_class() -> None:
    raised = errors_of_the_product()
    assert raised.keys() >= OUTSIDE
    assert drawn_tree() == {name: bases for name, bases in raised.items() if name not in OUTSIDE}


def test_the_errors_that_stay_outside_are_named_with_a_reason() -> None:
    behind_the_tree = TEXT.rpartition("```")[2]
    assert all(f"`{name}`" in behind_the_tree for name in OUTSIDE)


def test_an_error_has_a_name_that_ends_in_error() -> None:
    assert [name for name in errors_of_the_product() if not name.endswith("Error") and name not in OUTSIDE] == []


def test_the_exit_codes_of_the_code_are_in_the_table() -> None:
    codes = {int(unquoted(row["Code"])) for row in table(TEXT, "Code")}
    assert codes >= {TOO_SLOW, EXIT_BLOCKED}
