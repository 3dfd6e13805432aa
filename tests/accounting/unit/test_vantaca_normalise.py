from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.vantaca.planning import mapping
from accounting.vantaca.reading import normalise

FORMS = [normalise.text, normalise.insurance_type, normalise.policy_number, normalise.zip_code, normalise.state]


@pytest.mark.parametrize("form", FORMS)
@given(value=st.text())
def test_a_normal_form_is_its_own(form: Callable[[str], str], value: str) -> None:
    assert form(form(value)) == form(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Auto-Liability", "Auto Liability"),
        ("AUTO  liability", "Auto-Liability"),
        ("Worker's Comp", "Workers\u2019 comp"),
        ("Professional Liability/Errors & Omissions", "professional liability / errors and omissions"),
        ("Misc/Other", "misc-other"),
    ],
)
def test_same_insurance_types(one: str, other: str) -> None:
    assert normalise.insurance_type(one) == normalise.insurance_type(other)


def test_different_insurance_types() -> None:
    assert normalise.insurance_type("Auto Liability") != normalise.insurance_type("General Liability")


@pytest.mark.parametrize(("one", "other"), [("gl 1", "GL1"), ("0033", "33"), (" A-1 ", "a-1"), ("000", "0")])
def test_same_policy_numbers(one: str, other: str) -> None:
    assert normalise.policy_number(one) == normalise.policy_number(other)


@pytest.mark.parametrize(("one", "other"), [("A-1", "A1"), ("A01", "A1"), ("10", "1")])
def test_different_policy_numbers(one: str, other: str) -> None:
    assert normalise.policy_number(one) != normalise.policy_number(other)


@pytest.mark.parametrize(("one", "other"), [("2134", "02134"), ("91355-1234", "913551234"), ("k1a 0b1", "K1A0B1")])
def test_same_zips(one: str, other: str) -> None:
    assert normalise.zip_code(one) == normalise.zip_code(other)


@pytest.mark.parametrize(
    ("street", "parts"),
    [
        ("123 Main St", (123, "Main St")),
        (" 123  Main   St ", (123, "Main St")),
        ("123 1/2 Main St", (123, "1/2 Main St")),
        ("12A Main St", None),
        ("12-14 Main St", None),
        ("PO Box 9", None),
        ("0123 Main St", None),
        ("0 Main St", None),
        ("123", None),
        ("2147483648 Main St", None),
        ("9" * 5000 + " Main St", None),
        ("", None),
    ],
)
def test_a_street_taken_apart(street: str, parts: tuple[int, str] | None) -> None:
    assert mapping.street_parts(street) == parts


@given(st.text())
def test_a_street_taken_apart_loses_nothing(street: str) -> None:
    parts = mapping.street_parts(street)
    if parts is not None:
        assert f"{parts[0]} {parts[1]}" == normalise.text(street)


def test_a_hold_reason() -> None:
    assert mapping.hold_reason("[VIVE]", " General\nLiability  lapsed ") == "[VIVE] General Liability lapsed"
    assert mapping.hold_reason("[VIVE]", "  ") == "[VIVE] Payment hold placed by VIVE"
    assert mapping.hold_reason("[VIVE]", "x" * 400) == "[VIVE] " + "x" * 248
    assert mapping.hold_reason("[VIVE]", "🏚" * 400) == "[VIVE] " + "🏚" * 124


def test_an_insurance_type_by_configuration() -> None:
    types = {"GL": "General Liability", "Auto": " "}
    assert mapping.insurance_type("GL", types) == "General Liability"
    assert mapping.insurance_type("g l", {"G-L": "General Liability"}) == "General Liability"
    assert mapping.insurance_type("Auto", types) == "Auto"
    assert mapping.insurance_type("Umbrella", types) == "Umbrella"
