import pytest

from tests.support.slowness import SlownessError, slowness_in


@pytest.mark.parametrize(("text", "factor"), [("1", 1.0), ("4", 4.0), ("2.5", 2.5)])
def test_a_number_from_1_on_is_how_much_slower_the_machine_is(text: str, factor: float) -> None:
    assert slowness_in(text) == factor


@pytest.mark.parametrize("text", ["", "0.5", "0", "-1", "slow", "nan", "inf"])
def test_anything_else_is_refused_with_what_to_set(text: str) -> None:
    with pytest.raises(SlownessError, match=r"VIVE_SYNC_TEST_SLOWNESS is .* Set it to a number from 1 on"):
        slowness_in(text)
