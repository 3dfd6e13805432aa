"""The cache takes integrations in, without a Kafka."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import pytest
from aiokafka import ConsumerRecord

from processors.state.integration_cache import Integrations
from processors.transport.topic_ends import TopicEnds
from processors.whole_topics.whole_topic import WholeTopic
from schemas.records.integration import FieldGroup, Integration, UnreadableIntegration
from schemas.topics import INTEGRATION
from tests.support.in_memory import CODEC, MemoryEnds, crashed
from tests.support.messages import integration


@dataclass
class Cache:
    integrations: Integrations
    changed: list[str] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)

    def take(self, message: Integration | bytes | None, *, key: bytes = b"acme", offset: int = 0) -> None:
        value = CODEC.encode(message, topic=INTEGRATION.name) if isinstance(message, Integration) else message
        record = ConsumerRecord(INTEGRATION.name, 0, offset, 0, 0, key, value, None, 0, 0, ())
        self.integrations._take(record)  # noqa: SLF001 -- a record reaches it otherwise only from a Kafka


@pytest.fixture
async def cache() -> AsyncIterator[Cache]:
    bad: list[tuple[int, str]] = []
    integrations = Integrations(
        partitions=1,
        codec=CODEC,
        open_topic=partial(
            WholeTopic,
            bootstrap="127.0.0.1:1",
            partitions=1,
            ends=cast("TopicEnds", MemoryEnds()),
            stall_timeout=1.0,
            on_crash=crashed,
        ),
        on_bad_record=lambda record, error: bad.append((record.offset, error.code)),
    )
    made = Cache(integrations, bad=bad)
    integrations.on_change = made.changed.append
    yield made
    await integrations.stop()


async def test_the_newest_integration_of_a_client_counts(cache: Cache) -> None:
    for limit in (4, 9):
        cache.take(integration(max_in_flight=limit))
    assert cache.integrations.get("acme") == integration(max_in_flight=9)
    assert cache.integrations.get("zest") is None
    assert cache.changed == ["acme", "acme"]


async def test_a_tombstone_ends_an_integration(cache: Cache) -> None:
    cache.take(integration())
    cache.take(None)
    assert cache.integrations.get("acme") is None


async def test_a_record_that_cannot_be_read_takes_the_place_of_the_older_one(cache: Cache) -> None:
    cache.take(integration(max_in_flight=4))
    cache.take(b"garbage", offset=1)
    known = cache.integrations.get("acme")
    assert isinstance(known, UnreadableIntegration)
    assert known.code == "undecodable"
    cache.take(integration(client_id="zest"), offset=2)
    assert isinstance(cache.integrations.get("acme"), UnreadableIntegration), "a record of another client under its key"
    assert cache.integrations.get("zest") is None
    assert cache.bad == [(1, "undecodable"), (2, "invalid")]
    cache.take(integration(max_in_flight=9), offset=3)
    assert cache.integrations.get("acme") == integration(max_in_flight=9)
    assert cache.changed == ["acme"] * 4


async def test_a_key_that_is_no_clients_id_is_a_dead_letter_and_changes_nothing(cache: Cache) -> None:
    cache.take(integration())
    for offset, key in enumerate((b"\xff", b"", b"acme:v1"), start=1):
        cache.take(integration(max_in_flight=9), key=key, offset=offset)
    cache.take(None, key=b"\xff", offset=4)
    assert cache.integrations.get("acme") == integration()
    assert cache.bad == [(offset, "undecodable") for offset in (1, 2, 3)], "and none for the tombstone that removes one"


async def test_an_unknown_field_group_is_noted_and_the_others_are_pushed(
    cache: Cache, caplog: pytest.LogCaptureFixture
) -> None:
    cache.take(integration(pushes=("phone", "status")))
    known = cache.integrations.get("acme")
    assert isinstance(known, Integration)
    assert known.owns(FieldGroup.STATUS)
    assert "the first is 'phone'" in caplog.text
    assert cache.bad == []
