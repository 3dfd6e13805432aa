import io
import json
import struct
from collections.abc import Iterator
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging import schema_registry as registry_module
from messaging.schema_registry import Registry
from schemas.message import Message
from schemas.records.integration import Integration
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.wire.codec import Codec, RegistryUnavailableError, UndecodableError
from schemas.wire.record_schema import SINGLE_OBJECT_MAGIC, load_schema
from tests.support.free_port import free_port
from tests.support.messages import KINDS, MESSAGES, NOW, integration, models_below, vendor_record
from tests.support.registry_server import RegistryServer

PLAIN = Codec()
REGISTRY = Registry("mock://codec")
REGISTERED = Codec(REGISTRY)
TOPIC = "codec-test"
HEADER = {"single-object": 10, "confluent": 5}
SECRET = "hunter2-S3cret"  # noqa: S105 -- it must turn up nowhere

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.SCHEMA)
codecs = pytest.mark.parametrize("codec", [PLAIN, REGISTERED], ids=["single-object", "confluent"])
often = settings(max_examples=60)


def messages(kind: type[Message]) -> st.SearchStrategy[Message]:
    return MESSAGES[kind]


def raw(kind: type[Message], fields: dict[str, Any]) -> bytes:
    """Avro of this kind that no model has checked."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(load_schema(f"avsc/{kind.SCHEMA}.avsc")), fields)
    return PLAIN.encode(example(kind), topic=TOPIC)[:10] + buffer.getvalue()


def example(kind: type[Message]) -> Message:
    return {Integration: integration(), VendorRecord: vendor_record(), VendorRow: VendorRow()}[kind]


def refused(kind: type[Message], data: bytes | None, codec: Codec = PLAIN) -> UndecodableError:
    with pytest.raises(UndecodableError) as caught:
        codec.decode(kind, data)
    assert str(caught.value) == caught.value.reason
    return caught.value


def test_there_is_a_strategy_for_every_kind_of_message() -> None:
    assert set(KINDS) == set(models_below(Message))


@kinds
@codecs
@often
@given(data=st.data())
def test_what_is_encoded_decodes_to_the_same(kind: type[Message], codec: Codec, data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    assert codec.decode(kind, codec.encode(message, topic=TOPIC)) == message


@kinds
@settings(max_examples=20)
@given(data=st.data())
def test_a_reader_with_a_registry_reads_both_formats(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    plain, registered = PLAIN.encode(message, topic=TOPIC), REGISTERED.encode(message, topic=TOPIC)
    assert plain[:2] == SINGLE_OBJECT_MAGIC
    assert registered[:1] == b"\x00"
    assert plain[10:] == registered[5:]
    reader = Codec(REGISTRY)
    assert reader.decode(kind, plain) == reader.decode(kind, registered) == message


@kinds
@often
@given(data=st.data())
def test_any_bytes_are_a_valid_message_or_undecodable(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    codec = data.draw(st.sampled_from([PLAIN, REGISTERED]))
    good = bytearray(codec.encode(message, topic=TOPIC))
    header = bytes(good[: HEADER["single-object" if codec is PLAIN else "confluent"]])
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= data.draw(st.integers(1, 255))
    anything = st.one_of(st.binary(max_size=80), st.binary(max_size=80).map(header.__add__), st.just(bytes(good)))
    try:
        decoded = codec.decode(kind, data.draw(anything))
    except UndecodableError:
        return
    assert isinstance(decoded, kind)
    assert codec.decode(kind, codec.encode(decoded, topic=TOPIC)) == decoded


@kinds
@codecs
@settings(max_examples=20)
@given(data=st.data())
def test_a_truncated_record_is_undecodable(kind: type[Message], codec: Codec, data: st.DataObject) -> None:
    whole = codec.encode(data.draw(messages(kind)), topic=TOPIC)
    assert refused(kind, whole[: data.draw(st.integers(0, len(whole) - 1))], codec).code == "undecodable"


@kinds
@codecs
@settings(max_examples=20)
@given(data=st.data())
def test_bytes_after_the_record_make_it_undecodable(kind: type[Message], codec: Codec, data: st.DataObject) -> None:
    whole = codec.encode(data.draw(messages(kind)), topic=TOPIC)
    error = refused(kind, whole + data.draw(st.binary(min_size=1, max_size=9)), codec)
    assert (error.code, error.reason) == ("undecodable", f"The bytes go on after the {kind.__name__} that they hold.")


@pytest.mark.parametrize("nothing", [None, b""])
def test_an_empty_record_is_undecodable(nothing: bytes | None) -> None:
    error = refused(Integration, nothing)
    assert error.code == "undecodable"
    assert error.reason.startswith("The record is empty;")


def test_an_unknown_fingerprint_is_named() -> None:
    error = refused(Integration, SINGLE_OBJECT_MAGIC + bytes(range(8)) + b"rest")
    assert error.code == "undecodable"
    assert "schema 0001020304050607, which is no known version of Integration" in error.reason


@pytest.mark.parametrize("data", [b"\xc3", b"\xc3\x02", b'{"json": 1}', b"\x01\x00\x00\x00\x01", b"\xc3\x01\x00"])
def test_bytes_without_a_known_header_are_undecodable(data: bytes) -> None:
    assert refused(Integration, data).code == "undecodable"


@codecs
@settings(max_examples=40)
@given(data=st.data())
def test_a_record_of_another_kind_is_undecodable(codec: Codec, data: st.DataObject) -> None:
    written, wanted = data.draw(st.permutations(KINDS))[:2]
    assert refused(wanted, codec.encode(data.draw(messages(written)), topic=TOPIC), codec).code == "undecodable"


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Integration, "mode", SECRET),
        (Integration, "client_id", f"{SECRET} {SECRET}"),
        (Integration, "credentials_ref", f"{SECRET}/.."),
        (Integration, "base_url", f"https://vive:{SECRET}@api.vantaca.example"),
        (Integration, "base_url", f"https://vive:{SECRET}@api.vant\u2100aca.example"),
        (Integration, "base_url", f"https://vive:{SECRET}/x@api.vantaca.example"),
        (Integration, "base_url", f"https://api.vantaca.example?pwd={SECRET}"),
        (Integration, "base_url", f"ftp://{SECRET}"),
        (Integration, "hold_marker", SECRET * 10),
        (Integration, "write_parameters", SECRET),
        (Integration, "max_in_flight", 0),
        (Integration, "timeout_seconds", float("nan")),
        (VendorRecord, "provider_id", f"{SECRET} "),
        (VendorRecord, "origin", SECRET),
        (VendorRecord, "version", -1),
    ],
)
def test_avro_that_holds_an_invalid_value_is_invalid_and_the_value_is_not_shown(
    kind: type[Message], field: str, value: Any
) -> None:
    error = refused(kind, raw(kind, example(kind).model_dump() | {field: value}))
    assert error.code == "invalid"
    assert error.reason.startswith(f"Not a valid {kind.__name__}: {field}")
    assert SECRET not in error.reason


def test_bytes_that_are_not_avro_do_not_show_in_the_sentence() -> None:
    broken = raw(Integration, integration(client_name=SECRET).model_dump())[:-3]
    error = refused(Integration, broken.replace(SECRET.encode(), b"\xff" + SECRET[1:].encode()))
    assert SECRET[1:] not in error.reason


def test_without_a_registry_confluent_records_are_undecodable() -> None:
    error = refused(Integration, REGISTERED.encode(integration(), topic=TOPIC))
    assert error.code == "undecodable"
    assert "no schema registry is configured" in error.reason


def test_records_of_older_and_newer_writers_are_read_with_defaults_and_without_what_is_unknown() -> None:
    schema = load_schema("avsc/vendor_record.avsc")
    older = schema | {"fields": [field for field in schema["fields"] if field["name"] != "origin"]}
    newer = schema | {"fields": [*schema["fields"], {"name": "colour", "type": "string", "default": ""}]}
    for writer, more in ((older, {}), (newer, {"colour": "blue"})):
        buffer = io.BytesIO()
        fields = vendor_record(origin=Origin.CHANGE).model_dump() | more
        fastavro.schemaless_writer(buffer, fastavro.parse_schema(writer, named_schemas={}), fields)
        schema_id = REGISTRY.id_for("versions-value", writer)
        data = b"\x00" + struct.pack(">I", schema_id) + buffer.getvalue()
        assert REGISTERED.decode(VendorRecord, data) == vendor_record(origin=Origin.CHANGE)


@pytest.fixture
def registry_server() -> Iterator[RegistryServer]:
    with RegistryServer().serving() as server:
        yield server


def test_two_processes_understand_each_other_through_the_registry(registry_server: RegistryServer) -> None:
    writer, reader = Codec(Registry(registry_server.address)), Codec(Registry(registry_server.address))
    for number in range(3):
        record = vendor_record(version=number)
        assert reader.decode(VendorRecord, writer.encode(record, topic=TOPIC)) == record
    assert len(registry_server.asked) == 2


def test_a_hostile_schema_id_asks_the_registry_once_in_half_a_minute(
    registry_server: RegistryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = Codec(Registry(registry_server.address))
    reasons = {refused(Integration, b"\x00\xff\xff\xff\xff" + bytes([number]), codec).reason for number in range(50)}
    assert registry_server.asked == ["/schemas/ids/4294967295"]
    assert registry_module.FORGET_UNKNOWN_AFTER == 30.0
    assert any("did not know it a moment ago" in reason for reason in reasons)
    monkeypatch.setattr(registry_module, "FORGET_UNKNOWN_AFTER", 0.0)
    refused(Integration, b"\x00\xff\xff\xff\xff", codec)
    assert len(registry_server.asked) == 2


@pytest.mark.parametrize(
    "schema", ['{"type": "object"}', "null", '"string"', "[]", "{}", 'syntax = "proto3";', '{"type": "record"}', "5"]
)
def test_an_id_of_something_that_is_not_a_record_of_ours_is_undecodable(
    registry_server: RegistryServer, schema: str
) -> None:
    schema_id = registry_server.put(schema, kind="JSON")
    codec = Codec(Registry(registry_server.address))
    data = b"\x00" + struct.pack(">I", schema_id) + b"\x02a\x02b"
    assert refused(Integration, data, codec).code == "undecodable"


def test_credentials_in_the_registrys_address_turn_up_in_no_sentence(registry_server: RegistryServer) -> None:
    address = registry_server.address.replace("://", f"://vive:{SECRET}@")
    error = refused(Integration, b"\x00\x00\x00\x00\x09", Codec(Registry(address)))
    assert SECRET not in error.reason
    assert registry_server.address in error.reason


def test_an_unavailable_registry_raises_the_error_of_the_port(registry_server: RegistryServer) -> None:
    silent = Registry(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(
        RegistryUnavailableError, match=r"registry at http://127\.0\.0\.1:\d+ does not tell: ConnectError"
    ):
        Codec(silent).decode(Integration, b"\x00\x00\x00\x00\x01\x02")
    broken = Registry(registry_server.address + "/elsewhere")
    with pytest.raises(RegistryUnavailableError, match="did not take codec-test-value"):
        Codec(broken).encode(integration(), topic=TOPIC)


def test_a_registry_that_was_unavailable_is_requested_again(registry_server: RegistryServer) -> None:
    written = Codec(Registry(registry_server.address)).encode(integration(), topic=TOPIC)
    reader = Codec(Registry(registry_server.address))
    registry_server.unavailable = True
    with pytest.raises(RegistryUnavailableError, match="does not tell: Not now"):
        reader.decode(Integration, written)
    registry_server.unavailable = False
    assert reader.decode(Integration, written) == integration()


def test_what_is_no_registry_makes_no_record_undecodable(registry_server: RegistryServer) -> None:
    with pytest.raises(RegistryUnavailableError):
        Codec(Registry(registry_server.address + "/elsewhere")).decode(Integration, b"\x00\x00\x00\x00\x01\x02")


def test_the_registry_gets_the_schema_with_its_docs_under_the_topics_subject(registry_server: RegistryServer) -> None:
    Codec(Registry(registry_server.address)).encode(integration(updated_at=NOW), topic="vive.integration")
    assert registry_server.asked == ["/subjects/vive.integration-value/versions?normalize=False"]
    assert json.loads(registry_server.schemas[1]["schema"]) == load_schema("avsc/integration.avsc")


@pytest.mark.parametrize("key", [b"acme:v-2", b"\xff", b"", None])
def test_a_vendor_record_under_another_key_is_invalid(key: bytes | None) -> None:
    record = vendor_record(client_id="acme", vendor_id="v-1")
    data = PLAIN.encode(record, topic=TOPIC)
    assert PLAIN.decode_keyed(VendorRecord, b"acme:v-1", data) == record
    with pytest.raises(UndecodableError, match=r"^The record's key .* is not its vendor acme:v-1\.$") as caught:
        PLAIN.decode_keyed(VendorRecord, key, data)
    assert caught.value.code == "invalid"


def test_an_integration_under_the_key_of_another_client_is_invalid() -> None:
    data = PLAIN.encode(integration(), topic=TOPIC)
    assert PLAIN.decode_keyed(Integration, b"acme", data) == integration()
    with pytest.raises(UndecodableError, match=r"^The record's key other is not its client acme\.$"):
        PLAIN.decode_keyed(Integration, b"other", data)
