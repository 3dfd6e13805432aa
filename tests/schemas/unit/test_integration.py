from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from schemas.records.integration import (
    SYSTEM_OF_RECORD_ONLY,
    FieldGroup,
    Mode,
    UnreadableIntegration,
    eligible,
    ineligible_reason,
)
from tests.support.messages import integration

ENDED = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize("mode", [Mode.TWO_WAY, Mode.SYSTEM_OF_RECORD])
def test_a_two_way_or_system_of_record_vantaca_client_can_be_synced(mode: Mode) -> None:
    assert ineligible_reason("acme", integration(mode=mode)) is None


def test_the_reason_of_an_unknown_client() -> None:
    assert ineligible_reason("acme", None) == (
        "Client acme has no accounting integration: it is unknown, or its integration was ended."
    )


def test_the_reason_of_an_ended_integration_has_its_day() -> None:
    assert ineligible_reason("acme", integration(ended_at=ENDED)) == (
        "The accounting integration of client acme ended on 2026-02-28."
    )


def test_the_reason_names_another_accounting_system() -> None:
    assert ineligible_reason("acme", integration(system="cinc")) == (
        "Client acme keeps its books in cinc; Sync All Vendors works with Vantaca only."
    )


def test_the_reason_of_a_one_way_integration_names_what_is_needed() -> None:
    assert ineligible_reason("acme", integration(mode=Mode.ONE_WAY)) == (
        "The Vantaca integration of client acme is one-way: VIVE only reads from Vantaca. "
        "Sync All Vendors needs a two-way or System of Record integration."
    )


def test_the_reason_of_an_ended_one_way_integration_of_another_system_is_that_it_ended() -> None:
    reason = ineligible_reason("acme", integration(ended_at=ENDED, system="cinc", mode=Mode.ONE_WAY))
    assert reason is not None
    assert "ended on 2026-02-28" in reason


def test_the_reason_of_an_unreadable_integration_says_that_nothing_is_sent() -> None:
    unreadable = UnreadableIntegration(code="invalid", reason="Not a valid Integration: mode: It is unknown.")
    assert ineligible_reason("acme", unreadable) == (
        "The integration record of client acme can't be read: Not a valid Integration: mode: It is unknown. "
        "Nothing is sent to Vantaca until it is corrected."
    )


def test_only_a_client_that_can_be_synced_has_an_eligible_integration() -> None:
    two_way = integration()
    assert eligible("acme", two_way) is two_way
    unfit = (None, integration(mode=Mode.ONE_WAY), UnreadableIntegration(code="invalid", reason="It is not."))
    assert [eligible("acme", one) for one in unfit] == [None, None, None]


def test_an_unknown_field_group_is_kept_and_owns_nothing() -> None:
    made = integration(pushes=("phone", "status"))
    assert (made.pushes, made.unknown_pushes) == (("phone", "status"), ("phone",))
    assert [group for group in FieldGroup if made.owns(group)] == [FieldGroup.STATUS]


@pytest.mark.parametrize("group", FieldGroup)
@pytest.mark.parametrize("mode", Mode)
def test_what_is_pushed_is_owned_but_names_and_address_only_by_a_system_of_record(
    mode: Mode, group: FieldGroup
) -> None:
    owned = mode is Mode.SYSTEM_OF_RECORD or group not in SYSTEM_OF_RECORD_ONLY
    assert integration(mode=mode, pushes=(group,)).owns(group) is owned
    assert not integration(mode=mode, pushes=()).owns(group)


def test_only_a_system_of_record_owns_names_and_address() -> None:
    assert {FieldGroup.NAMES, FieldGroup.ADDRESS} == SYSTEM_OF_RECORD_ONLY


@pytest.mark.parametrize(
    "address",
    [
        "https://vive:s3cret@api.vantaca.example",
        "https://vive@api.vantaca.example",
        "https://:s3cret@api.vantaca.example",
        "https://@api.vantaca.example",
        "https://api.vantaca.example/?pwd=s3cret",
        "https://api.vantaca.example/#s3cret",
        "https://api.vantaca.example?",
    ],
)
def test_an_address_with_credentials_query_or_fragment_is_refused_without_being_quoted(address: str) -> None:
    with pytest.raises(ValidationError) as caught:
        integration(base_url=address)
    (problem,) = caught.value.errors()
    assert problem["msg"] == (
        "Value error, base_url must hold no credentials, query or fragment: name them by credentials_ref"
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "api.vantaca.example",
        "ftp://api.vantaca.example",
        "https://",
        "https://vive:s3cret/x@api.vantaca.example",
        "https://vive:s3cret@api.\u2100.example",
        "https://api.vantaca.example:port",
        "https://api.vantaca.example:70000",
        "https://[::1",
        " https://api.vantaca.example",
        "https://api.vantaca.example/\n",
    ],
)
def test_what_is_no_http_address_is_refused_without_being_quoted(address: str) -> None:
    with pytest.raises(ValidationError) as caught:
        integration(base_url=address)
    (problem,) = caught.value.errors()
    assert problem["msg"] == "Value error, base_url must be an http or https address"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.vantaca.example/", "https://api.vantaca.example"),
        ("http://127.0.0.1:8080/v1//", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_an_address_is_kept_without_its_last_slashes(given: str, kept: str) -> None:
    assert integration(base_url=given).base_url == kept
