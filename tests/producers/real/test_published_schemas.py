"""The schema of a record is on its topic before the record."""

import pytest

from devkit.broker import LocalBroker
from messaging.producer import BlockingProducer, KafkaUnavailableError, OutgoingRecord
from messaging.topic_admin import admin_of, create_topics
from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.records.vendor_record import VendorRecord
from schemas.topics import SCHEMA, VENDOR_RECORD
from schemas.wire.codec import Codec
from schemas.wire.known_schemas import key_of, published_form
from schemas.wire.record_schema import record_schema
from tests.support.messages import vendor_record
from tests.support.other_writer import newer, written
from tests.support.slowness import patient

RECORD = vendor_record()
OURS = record_schema(VendorRecord.SCHEMA).header[2:]
FOREIGN = written(newer(VendorRecord), RECORD.model_dump() | {"colour": "blue"})


def outgoing(value: bytes | None) -> OutgoingRecord:
    return OutgoingRecord(VENDOR_RECORD.name, RECORD.key.to_bytes(), value)


def on(bootstrap: str, topic: str) -> list[ConsumedRecord]:
    with TopicReader(bootstrap, [topic], seconds=patient(30)) as reader:
        return list(reader.to_end())


def test_a_producer_publishes_each_schema_once_and_none_that_is_not_this_releases() -> None:
    record = Codec().encode(RECORD, topic=VENDOR_RECORD.name)
    with LocalBroker.start() as broker:
        producer = BlockingProducer(broker.bootstrap, seconds=patient(2))
        create_topics(admin_of(broker.bootstrap), topics=[VENDOR_RECORD])
        with pytest.raises(
            KafkaUnavailableError, match=r"has no topic vive\.schema\. Nothing was sent\. Create it with"
        ):
            producer.publish([outgoing(record)])
        assert on(broker.bootstrap, VENDOR_RECORD.name) == []
        create_topics(admin_of(broker.bootstrap), topics=[SCHEMA])
        producer = BlockingProducer(broker.bootstrap, seconds=patient(30))
        assert producer.publish([outgoing(FOREIGN), outgoing(None), outgoing(b"\xc3\x01")]) == 3
        assert on(broker.bootstrap, SCHEMA.name) == []
        producer.publish(outgoing(record) for _ in range(3))
        producer.produce_at([outgoing(record)])
        (published,) = on(broker.bootstrap, SCHEMA.name)
        assert (published.key, published.value) == (key_of(OURS), published_form(OURS))
