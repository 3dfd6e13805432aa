import time
import uuid
from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from console.topic_queries.integration_view import read_integrations
from console.topic_queries.runs import began_at
from messaging.producer import BlockingProducer, KafkaUnavailableError
from producers.button import CLIENT_ADMIN, SyncReceipt, SyncRefusedError, request_sync
from producers.records import load
from schemas.records.integration import KnownIntegration, Mode
from schemas.records.sync_run import SyncRequested
from schemas.topics import SYNC_REQUESTED
from tests.support.free_port import free_port
from tests.support.messages import NOW, integration
from tests.support.product_topics import CODEC, messages_of, new_client, records_of
from tests.support.slowness import patient


def pressed(
    bootstrap: str,
    client: str,
    known: KnownIntegration,
    *,
    roles: Collection[str] = (CLIENT_ADMIN,),
    vendor_ids: tuple[str, ...] | None = None,
    producer: BlockingProducer | None = None,
) -> SyncReceipt:
    return request_sync(
        client,
        person="Dana",
        roles=roles,
        integration=known,
        producer=producer or BlockingProducer(bootstrap, seconds=patient(30)),
        codec=CODEC,
        vendor_ids=vendor_ids,
    )


@pytest.mark.parametrize("mode", [Mode.TWO_WAY, Mode.SYSTEM_OF_RECORD])
def test_an_accepted_request_is_on_the_topic_and_returns_the_sentence(bootstrap: str, mode: Mode) -> None:
    client = new_client()
    before = time.time_ns() // 1_000_000
    answer = pressed(bootstrap, client, integration(client_id=client, mode=mode))
    assert answer.message == "All linked vendors have been queued for sync."
    assert uuid.UUID(answer.run_id).version == 7
    assert before <= began_at(answer.run_id) <= time.time_ns() // 1_000_000
    (record,) = records_of(bootstrap, SYNC_REQUESTED, client)
    assert record.key == client.encode()
    request = CODEC.decode(SyncRequested, record.value)
    assert request == SyncRequested(
        run_id=answer.run_id,
        client_id=client,
        vendor_ids=None,
        requested_by="Dana",
        cause="sync_all",
        requested_at=request.requested_at,
    )
    assert abs((request.requested_at - datetime.now(UTC)).total_seconds()) < 60


def test_every_press_is_a_run_of_its_own(bootstrap: str) -> None:
    client = new_client()
    runs = [pressed(bootstrap, client, integration(client_id=client)).run_id for _ in range(3)]
    assert [request.run_id for request in messages_of(bootstrap, SYNC_REQUESTED, SyncRequested, client)] == runs
    assert len(set(runs)) == 3


def test_some_vendors_can_be_asked_for_by_id(bootstrap: str) -> None:
    client = new_client()
    pressed(bootstrap, client, integration(client_id=client), vendor_ids=("v1", "v2"))
    (request,) = messages_of(bootstrap, SYNC_REQUESTED, SyncRequested, client)
    assert request.vendor_ids == ("v1", "v2")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (None, "has no accounting integration: it is unknown, or its integration was ended."),
        ({"system": "cinc"}, "keeps its books in cinc; Sync All Vendors works with Vantaca only."),
        ({"mode": "one_way"}, "Sync All Vendors needs a two-way or System of Record integration."),
        ({"ended_at": NOW}, "ended on 2026-03-01."),
    ],
    ids=["unknown", "not vantaca", "one-way", "ended"],
)
def test_a_client_that_cannot_be_synced_is_refused_and_nothing_is_queued(
    bootstrap: str, fields: dict[str, object] | None, sentence: str
) -> None:
    client = new_client()
    known = None if fields is None else integration(client_id=client, **fields)
    with pytest.raises(SyncRefusedError) as caught:
        pressed(bootstrap, client, known)
    assert str(caught.value).endswith(sentence)
    assert client in str(caught.value)
    assert records_of(bootstrap, SYNC_REQUESTED, client) == []


@pytest.mark.parametrize("roles", [(), ("vendor_manager",), ("Client_Admin", "admin")])
def test_who_is_no_client_admin_is_refused_and_nothing_is_queued(bootstrap: str, roles: tuple[str, ...]) -> None:
    client = new_client()
    with pytest.raises(SyncRefusedError) as caught:
        pressed(bootstrap, client, integration(client_id=client), roles=roles)
    assert str(caught.value) == (
        f"Dana is not a Client Admin of client {client}: only a Client Admin may sync all vendors."
    )
    assert records_of(bootstrap, SYNC_REQUESTED, client) == []


def test_who_may_not_press_does_not_learn_how_the_client_is_set_up(bootstrap: str) -> None:
    with pytest.raises(SyncRefusedError, match="is not a Client Admin"):
        pressed(bootstrap, new_client(), None, roles=())


def test_a_press_goes_by_the_integration_as_it_stands(bootstrap: str) -> None:
    client = new_client()
    producer = BlockingProducer(bootstrap, seconds=patient(30))
    load([integration(client_id=client, mode=Mode.ONE_WAY)], producer=producer, codec=CODEC)
    with pytest.raises(SyncRefusedError, match="is one-way"):
        pressed(bootstrap, client, read_integrations(bootstrap, CODEC, seconds=patient(30)).get(client))
    load([integration(client_id=client)], producer=producer, codec=CODEC)
    pressed(bootstrap, client, read_integrations(bootstrap, CODEC, seconds=patient(30)).get(client))
    assert len(records_of(bootstrap, SYNC_REQUESTED, client)) == 1


def test_an_unavailable_kafka_is_reported_within_some_seconds() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    began = time.monotonic()
    with pytest.raises(KafkaUnavailableError) as caught:
        pressed(nobody, "acme", integration(), producer=BlockingProducer(nobody))
    assert time.monotonic() - began < patient(20)
    assert "did not take any of the records within 4 seconds" in str(caught.value)
    assert str(caught.value).endswith("Nothing is lost: try again when it is back.")
