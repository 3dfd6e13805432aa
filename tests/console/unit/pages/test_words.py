"""The page's words for states, groups, fields and causes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from console.pages.sentences.availability import unavailable_because
from console.pages.sentences.group_rules import group_rules
from console.pages.sentences.words import MODES, STATES, caused_by, counted, field_label, group_label
from console.read_model.store.views import VendorState
from schemas.records.integration import FieldGroup, Mode, UnreadableIntegration, ineligible_reason
from schemas.records.outcome import Status
from schemas.records.vendor_sync import Cause
from tests.console.pages.fake_read_model import integration


def test_every_state_and_mode_has_words() -> None:
    assert STATES.keys() == set(VendorState)
    assert MODES.keys() == set(Mode)
    assert {status.value for status in Status} <= {state.value for state in STATES}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"mode": Mode.SYSTEM_OF_RECORD},
        {"mode": Mode.ONE_WAY},
        {"system": "quickbooks"},
        {"ended_at": datetime(2026, 3, 1, tzinfo=UTC)},
    ],
)
def test_the_page_has_a_reason_exactly_where_producers_have_one(fields: dict[str, Any]) -> None:
    one = integration(**fields)
    assert (unavailable_because("acme", one) is None) == (ineligible_reason("acme", one) is None)


def test_the_reason_of_an_unreadable_integration_is_without_technical_terms() -> None:
    unreadable = UnreadableIntegration(code="undecodable", reason="The bytes do not hold an Integration.")
    assert unavailable_because("acme", unreadable) == (
        "Sync All Vendors is not available: VIVE can't read the settings of this client's integration. "
        "Nothing is sent to Vantaca until they are corrected."
    )


def test_unknown_field_groups_are_shown_as_not_written() -> None:
    rules = group_rules(integration(pushes=("phone", "status", *(f"group-{number}" for number in range(9)))))
    assert [rule.owned for rule in rules] == [True, *[False] * 9]
    assert (rules[5].name, rules[5].rule) == ("Phone", "VIVE does not know this setting, so it has no effect.")


@pytest.mark.parametrize("mode", Mode)
def test_the_groups_shown_as_written_are_those_that_the_integration_owns(mode: Mode) -> None:
    one = integration(mode, pushes=(FieldGroup.STATUS, FieldGroup.NAMES))
    owned = {rule.name for rule in group_rules(one) if rule.owned}
    writes = mode is not Mode.ONE_WAY
    assert owned == {group_label(group) for group in FieldGroup if writes and one.owns(group)}


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("complianceStatus", "Compliance status"),
        ("General Liability GL-1: expirationDate", "General Liability GL-1: expiration date"),
        ("General Liability GL: 7", "General Liability GL: 7"),
        ("somethingNew", "somethingNew"),
    ],
)
def test_fields_have_names_for_people(field: str, label: str) -> None:
    assert field_label(field) == label


def test_an_unknown_field_group_is_shown_as_it_is() -> None:
    assert group_label("phone_number") == "Phone number"


@pytest.mark.parametrize(
    ("cause", "person", "sentence"),
    [
        (Cause.SYNC_ALL, "Dana", "Dana, with Sync All Vendors"),
        (Cause.VENDOR_CHANGED, "", "a change of the vendor in VIVE"),
        (Cause.RETRY, "Dana", "VIVE, trying again by itself"),
        (Cause.REDRIVE, "Dana", "Dana, trying again"),
        ("by_hand", "", "VIVE (By hand)"),
    ],
)
def test_the_cause_of_a_sync(cause: str, person: str, sentence: str) -> None:
    assert caused_by(cause, person) == sentence


def test_numbers_with_their_nouns() -> None:
    assert [counted(1, "vendor"), counted(0, "vendor"), counted(1200, "entry", "entries")] == [
        "1 vendor",
        "0 vendors",
        "1,200 entries",
    ]
