"""A class name stands for one thing in the whole product, so that a reader who looks for it finds one class."""

import ast
from collections import defaultdict

from tests.docs.markdown import ROOM_READMES, ROOT

MIRRORED = {"Answer", "Provider"}
"""Things of Vantaca's that its client and its sandbox both model."""
NOT_YET_RENAMED = {"Event"}
"""Twice in ``console/``."""


def modules_by_class() -> dict[str, list[str]]:
    found = defaultdict(list)
    for room in (readme.parent for readme in ROOM_READMES if readme.parent.name != "tests"):
        for path in sorted(room.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(str(path.relative_to(ROOT)))
    return found


def test_no_class_name_is_defined_twice() -> None:
    twice = {name: modules for name, modules in modules_by_class().items() if len(modules) > 1}
    assert {name: modules for name, modules in twice.items() if name not in MIRRORED | NOT_YET_RENAMED} == {}
    assert twice.keys() >= MIRRORED
