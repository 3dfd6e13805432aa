import time

import pytest

from console.topic_queries.integration_view import read_integrations
from messaging.producer import BlockingProducer, KafkaUnavailableError, OutgoingRecord
from schemas.records.integration import Integration, Mode, UnreadableIntegration
from schemas.topics import INTEGRATION
from tests.support.free_port import free_port
from tests.support.messages import integration, vendor_record
from tests.support.product_topics import CODEC, new_client
from tests.support.slowness import patient


def publish(bootstrap: str, client: str, *values: Integration | bytes | None) -> None:
    BlockingProducer(bootstrap, seconds=patient(30)).publish(
        OutgoingRecord(
            INTEGRATION.name,
            client.encode(),
            CODEC.encode(value, topic=INTEGRATION.name) if isinstance(value, Integration) else value,
        )
        for value in values
    )


def test_the_latest_record_of_a_client_wins(bootstrap: str) -> None:
    client = new_client()
    first, last = integration(client_id=client, mode=Mode.ONE_WAY), integration(client_id=client)
    publish(bootstrap, client, last, first, last)
    assert read_integrations(bootstrap, CODEC, seconds=patient(30)).get(client) == last


def test_a_tombstone_ends_an_integration_and_a_new_record_begins_another(bootstrap: str) -> None:
    ended, back = new_client(), new_client()
    publish(bootstrap, ended, integration(client_id=ended), None)
    publish(bootstrap, back, integration(client_id=back), None, integration(client_id=back))
    found = read_integrations(bootstrap, CODEC, seconds=patient(30))
    assert found.get(ended) is None
    assert found.get(back) is not None


def test_a_tombstone_of_an_unknown_client_is_nothing(bootstrap: str) -> None:
    client = new_client()
    publish(bootstrap, client, None)
    assert read_integrations(bootstrap, CODEC, seconds=patient(30)).get(client) is None


def test_what_cannot_be_read_takes_the_place_of_what_stood_before(bootstrap: str) -> None:
    garbled, never = new_client(), new_client()
    good = integration(client_id=garbled)
    other_kind = CODEC.encode(vendor_record(client_id=garbled), topic=INTEGRATION.name)
    for value in (b"", b"garbage", other_kind, CODEC.encode(good, topic=INTEGRATION.name)[:-1]):
        publish(bootstrap, garbled, good, value)
        assert isinstance(read_integrations(bootstrap, CODEC, seconds=patient(30)).get(garbled), UnreadableIntegration)
    publish(bootstrap, garbled, good)
    publish(bootstrap, never, b"\xc3\x01 more garbage")
    found = read_integrations(bootstrap, CODEC, seconds=patient(30))
    assert found.get(garbled) == good
    assert isinstance(found.get(never), UnreadableIntegration)


def test_a_record_under_another_clients_key_is_an_unreadable_one_of_the_key(bootstrap: str) -> None:
    client, other = new_client(), new_client()
    publish(bootstrap, client, integration(client_id=other))
    found = read_integrations(bootstrap, CODEC, seconds=patient(30))
    assert isinstance(found.get(client), UnreadableIntegration)
    assert found.get(other) is None


def test_a_key_that_is_no_clients_id_is_left_out(bootstrap: str) -> None:
    client = new_client()
    publish(bootstrap, client, integration(client_id=client))
    producer = BlockingProducer(bootstrap, seconds=patient(30))
    producer.publish([OutgoingRecord(INTEGRATION.name, b"\xff\xfe", b"garbage")])
    assert read_integrations(bootstrap, CODEC, seconds=patient(30)).get(client) is not None


def test_an_unavailable_kafka_is_reported() -> None:
    began = time.monotonic()
    with pytest.raises(KafkaUnavailableError, match="does not answer"):
        read_integrations(f"127.0.0.1:{free_port()}", CODEC, seconds=1.0)
    assert time.monotonic() - began < patient(20)
