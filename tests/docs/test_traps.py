import re

from tests.docs.markdown import ROOT, tables

TEXT = (ROOT / "docs/traps.md").read_text()
ALIASES = {"strict": "tests/processors/real/test_strict_transport.py"}
NAMED = re.findall(r"`(strict|tests/[a-z0-9_/]+\.py)::(\w+)(?:\[(\w+)\])?`", TEXT)


def test_every_trap_names_a_test_or_says_that_there_is_none() -> None:
    rows = [row for rows in tables(TEXT) for row in rows]
    assert len(rows) > 40
    for row in rows:
        assert "tests/" in row["Test"] or "`strict::" in row["Test"] or row["Test"] in {"no test", "every run"}, row


def test_every_test_that_is_named_exists() -> None:
    assert NAMED
    for where, name, parameter in NAMED:
        source = (ROOT / ALIASES.get(where, where)).read_text()
        assert re.search(rf"def {name}\(", source), f"{where}::{name}"
        assert not parameter or re.search(rf"def {parameter}\(", source), f"{where}::{name}[{parameter}]"
