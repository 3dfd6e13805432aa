import re

from tests.chaos.schedule import Fault
from tests.docs.markdown import ROOT, table

TEXT = (ROOT / "docs/reliability.md").read_text()
ROWS = table(TEXT, "What goes wrong")


def test_every_row_names_a_test_that_exists() -> None:
    assert len(ROWS) >= 9
    for row in ROWS:
        (where, name) = re.findall(r"`(tests/[a-z0-9_/]+\.py)::(\w+)`", row["Test"])[0]
        assert re.search(rf"def {name}\(", (ROOT / where).read_text()), row["Test"]
        assert row["Promise"]
        assert row["Figure"]


def test_every_fault_of_the_chaos_suite_is_told() -> None:
    documented = {row["Fault"] for row in table(TEXT, "Fault")}
    assert documented == {str(fault) for fault in Fault}
