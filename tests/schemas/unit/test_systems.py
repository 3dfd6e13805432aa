import pytest

from schemas.systems import VANTACA, display_name


@pytest.mark.parametrize(
    ("system", "shown"), [(VANTACA, "Vantaca"), ("quickbooks", "quickbooks"), (None, "The accounting system")]
)
def test_the_display_name_of_a_system(system: str | None, shown: str) -> None:
    assert display_name(system) == shown
