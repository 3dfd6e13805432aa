import json
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.producer import BlockingProducer, OutgoingRecord
from producers.records import BadLineError, load, read_lines
from schemas.records.integration import Integration
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.topics import INTEGRATION, VENDOR_RECORD
from tests.support.messages import integration, integrations, vendor_record, vendor_records
from tests.support.product_topics import CODEC, messages_of, new_client
from tests.support.slowness import patient

SECRET = "hunter2"  # noqa: S105 -- it must turn up in no sentence


def line_of(record: Integration | VendorRecord, **wrong: Any) -> str:
    kind = "integration" if isinstance(record, Integration) else "vendor_record"
    return json.dumps({"kind": kind, kind: record.model_dump(mode="json") | wrong})


GOOD = line_of(integration())


def refusal(line: str, *, before: int = 2) -> str:
    """The error about this line after so many good ones."""
    with pytest.raises(BadLineError) as caught:
        list(read_lines([*[GOOD] * before, line, GOOD]))
    return str(caught.value)


@settings(max_examples=40)
@given(st.lists(integrations | vendor_records, max_size=4))
def test_good_lines_become_their_records_in_order(records: list[Integration | VendorRecord]) -> None:
    assert list(read_lines(line_of(record) for record in records)) == records


def test_a_line_needs_only_what_has_no_default() -> None:
    line = (
        '{"kind": "vendor_record", "vendor_record": {"client_id": "acme", "vendor_id": "v1", "version": 3, '
        '"updated_at": "2026-03-01T12:00:00Z", "compliant": true, "origin": "snapshot"}}'
    )
    (record,) = read_lines([line])
    assert record == vendor_record(version=3, provider_id=None, origin=Origin.SNAPSHOT)


def test_blank_lines_are_passed_over_and_counted() -> None:
    assert len(list(read_lines(["", GOOD, "  \n", GOOD]))) == 2
    assert refusal("nonsense", before=0).startswith("Line 1 ")
    with pytest.raises(BadLineError, match=r"^Line 3 "):
        list(read_lines(["", "\n", "nonsense"]))


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET}",
        "{",
        '{"kind": "integration"',
        GOOD + GOOD,
        "[" * 100_000,
        '{"kind": ' + "1" * 5000,
        "\ufeff" + GOOD,
        GOOD.replace("acme", "\\ud800"),
    ],
    ids=["a word", "open", "cut", "two", "deep", "long number", "byte order mark", "half a character"],
)
def test_a_line_that_is_not_json_is_named_by_its_number(text: str) -> None:
    sentence = refusal(text)
    assert sentence.startswith("Line 3 is not JSON: ")
    assert SECRET not in sentence


@pytest.mark.parametrize("text", ["5", "null", "[]", '"integration"', "{}", '{"integration": {}}'])
def test_json_that_is_no_record_is_refused(text: str) -> None:
    assert refusal(text).startswith("Line 3: Not a valid record: ")


def test_an_unknown_kind_is_refused_with_the_kinds_there_are() -> None:
    assert refusal(json.dumps({"kind": SECRET, "integration": {}})) == (
        "Line 3: Not a valid record: the record: 'kind' must be one of 'integration', 'vendor_record'."
    )


@pytest.mark.parametrize(
    ("record", "field", "value", "reason"),
    [
        (integration(), "mode", SECRET, "Input should be 'one_way', 'two_way' or 'system_of_record'"),
        (integration(), "base_url", f"http://vive:{SECRET}@h", "base_url must hold no credentials"),
        (integration(), "base_url", f"http://vive:{SECRET}@\u2100", "base_url must be an http or https address"),
        (integration(), "client_id", f"{SECRET}:", "String should match pattern"),
        (integration(), "max_in_flight", 0, "Input should be greater than or equal to 1"),
        (integration(), "timeout_seconds", "inf", "Input should be less than or equal to 300"),
        (integration(), "updated_at", "2026-03-01T12:00:00", "Input should have timezone info"),
        (vendor_record(), "version", 2**63, "Input should be less than or equal to"),
        (vendor_record(), "version", SECRET, "Input should be a valid integer"),
        (vendor_record(), "compliant", SECRET, "Input should be a valid boolean"),
        (vendor_record(), "provider_id", f"{SECRET} 1", "String should match pattern"),
        (vendor_record(), "password", SECRET, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_field_is_named_without_its_value(
    record: Integration | VendorRecord, field: str, value: Any, reason: str
) -> None:
    sentence = refusal(line_of(record, **{field: value}))
    assert sentence.startswith("Line 3: Not a valid record: ")
    assert f".{field}: " in sentence
    assert reason in sentence
    assert SECRET not in sentence


def test_a_field_group_that_does_not_exist_is_refused_with_those_that_do() -> None:
    assert refusal(line_of(integration(), pushes=["status", SECRET])) == (
        "Line 3: Not a valid record: integration.integration: Value error, pushes holds a name that is no field group: "
        "they are status, payment_hold, insurance, names, address."
    )


def test_a_missing_field_is_named() -> None:
    assert refusal('{"kind": "vendor_record", "vendor_record": {"client_id": "acme"}}').count("Field required") == 4


def test_a_key_beside_kind_and_record_is_refused() -> None:
    sentence = refusal(GOOD[:-1] + f', "more": "{SECRET}"}}')
    assert "more: Extra inputs are not permitted" in sentence
    assert SECRET not in sentence


def test_loaded_records_lie_on_their_topics_under_their_keys(bootstrap: str) -> None:
    client = new_client()
    settings_of_client = integration(client_id=client)
    vendors = [
        vendor_record(client_id=client, vendor_id=f"v{number}", origin=Origin.SNAPSHOT, provider_id=None)
        for number in range(5)
    ]
    loaded = load(
        [settings_of_client, *vendors], producer=BlockingProducer(bootstrap, seconds=patient(30)), codec=CODEC
    )
    assert loaded == 6
    assert messages_of(bootstrap, INTEGRATION, Integration, client) == [settings_of_client]
    found = messages_of(bootstrap, VENDOR_RECORD, VendorRecord, f"{client}:")
    assert sorted(found, key=lambda record: record.vendor_id) == vendors


def test_loading_nothing_produces_nothing(bootstrap: str) -> None:
    assert load([], producer=BlockingProducer(bootstrap, seconds=patient(30)), codec=CODEC) == 0


class LooksFirst(BlockingProducer):
    """Notes the topics of the records that it is to publish, and how many integrations of the client are on their topic."""

    def __init__(self, bootstrap: str, client_id: str) -> None:
        super().__init__(bootstrap, seconds=patient(30))
        self._integrations = partial(messages_of, bootstrap, INTEGRATION, Integration, client_id)
        self.seen: list[tuple[set[str], int]] = []

    def publish(self, records: Iterable[OutgoingRecord]) -> int:
        given = list(records)
        self.seen.append(({record.topic for record in given}, len(self._integrations())))
        return super().publish(given)


def test_the_integrations_are_on_their_topic_before_a_vendor_record_is_sent(bootstrap: str) -> None:
    client = new_client()
    producer = LooksFirst(bootstrap, client)
    vendor = vendor_record(client_id=client, origin=Origin.SNAPSHOT, provider_id=None)
    assert load([vendor, integration(client_id=client)], producer=producer, codec=CODEC) == 2
    assert producer.seen == [({INTEGRATION.name}, 0), ({VENDOR_RECORD.name}, 1)]
