import re

import pytest

from tests.docs.markdown import REFERENCE, ROOT, name_of, tables
from tests.docs.test_readme import ROOMS

TEXT = (REFERENCE / "rules.md").read_text()
ROWS = [row for rows in tables(TEXT) for row in rows]
RULES = [row for row in ROWS if "Rule" in row]
MODULE = re.compile(r"`([a-z_]+(?:/[a-z_]+)+\.py)`")
TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)(?:::(test_\w+))?`")
IMPORTED = re.compile(r"^from (processors[\w.]*) import", re.MULTILINE)
DECIDES = re.compile(r"(?:planning/(?!calls\b)\w+|/(?:\w+_)?(?:decisions|plan|policy)(?:_\w+)?)\.py$")
"""How a module is named that only decides."""


def modules_of(row: dict[str, str]) -> list[str]:
    return MODULE.findall(row["Module"])


def deciding_modules() -> list[str]:
    paths = [path for room in ROOMS - {"tests", "bench"} for path in (ROOT / room).rglob("*.py")]
    return sorted(name_of(path) for path in paths if DECIDES.search(name_of(path)) and path.name != "__init__.py")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: next(iter(row.values())))
def test_every_module_and_every_test_that_is_named_exists(row: dict[str, str]) -> None:
    assert modules_of(row)
    for module in modules_of(row):
        assert (ROOT / module).exists(), module
    (test,) = TEST.findall(row["Test"] if "Rule" in row else row["Its unit tests"])
    where, name = test
    assert bool(name) == ("Rule" in row)
    assert re.search(rf"def {name}\(" if name else r"def test_", (ROOT / where).read_text()), test


def test_every_rule_is_listed_once() -> None:
    rules = [row["Rule"] for row in RULES]
    assert len(rules) > 70
    assert len(set(rules)) == len(rules)


def test_every_module_that_decides_has_a_rule() -> None:
    deciding = deciding_modules()
    assert "producers/redrive_plan.py" in deciding
    listed = {module for row in RULES for module in modules_of(row)}
    assert [module for module in deciding if module not in listed] == []


def test_a_unit_test_imports_every_module_of_the_worker_that_decides() -> None:
    imported = set(IMPORTED.findall("\n".join(path.read_text() for path in ROOT.glob("tests/processors/unit/**/*.py"))))
    listed = {module for row in ROWS if "Kind of rule" in row for module in modules_of(row)} | set(deciding_modules())
    deciding = {module.removesuffix(".py").replace("/", ".") for module in listed if module.startswith("processors/")}
    assert len(deciding) > 5
    assert {
        module for module in deciding if module not in imported and module.rpartition(".")[0] not in imported
    } == set()
