from pathlib import Path

import pytest

from tests.support.slowness import SlownessError, slowness_in
from tests.support.unscaled_bounds import unscaled

HERE = Path(__file__).parent
UNSCALED = {
    # For so long workers come and go.
    ("chaos/test_chaos.py", "count(folder=tmp_path, events=3000, seconds=15.0, seed=1)"),
    # A limit that is told, and not waited for.
    ("processors/unit/test_watchdog.py", "integration(timeout_seconds=30.0)"),
}


@pytest.mark.parametrize(("text", "factor"), [("1", 1.0), ("4", 4.0), ("2.5", 2.5)])
def test_a_number_from_1_on_is_how_much_slower_the_machine_is(text: str, factor: float) -> None:
    assert slowness_in(text) == factor


@pytest.mark.parametrize("text", ["", "0.5", "0", "-1", "slow", "nan", "inf"])
def test_anything_else_is_refused_with_what_to_set(text: str) -> None:
    with pytest.raises(SlownessError, match=r"VIVE_SYNC_TEST_SLOWNESS is .* Set it to a number from 1 on"):
        slowness_in(text)


def test_a_bound_that_does_not_go_through_patient_is_found() -> None:
    source = """
LIMIT, ENOUGH = 25.0, patient(25)
process.wait(LIMIT)
to_thread(process.wait, 60)
BlockingProducer(bootstrap, seconds=30.0)
ClientTimeout(total=20)
deadline = time.monotonic() + 120
assert time.monotonic() - began < LIMIT
eventually(holds, seconds=patient(20))

process.wait(ENOUGH)
eventually(holds, seconds=LIMIT)
thread.join(timeout=patient(LIMIT))
deadline = time.monotonic() + patient(120)
assert time.monotonic() - began < LIMIT + patient(10)
timedelta(seconds=5)
", ".join(words)
"""
    assert sorted(unscaled(source)) == [
        "BlockingProducer(bootstrap, seconds=30.0)",
        "ClientTimeout(total=20)",
        "eventually(holds, seconds=patient(20))",
        "process.wait(LIMIT)",
        "time.monotonic() + 120",
        "time.monotonic() - began < LIMIT",
        "to_thread(process.wait, 60)",
    ]


def test_every_upper_bound_of_the_tests_is_scaled() -> None:
    found = {
        (str(path.relative_to(HERE)), bound) for path in HERE.rglob("*.py") for bound in unscaled(path.read_text())
    }
    assert found == UNSCALED
