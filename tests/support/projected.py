"""A read model of a test's own, filled with what the topics would say."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select, update

from console.read_model.folds.facts import TOPICS, facts_of
from console.read_model.projection.projection import project
from console.read_model.store import tables
from console.read_model.store.engine import writing
from messaging.topic_reader import ConsumedRecord
from schemas.message import Message
from schemas.records.dead_letter import DeadLetter
from schemas.records.dead_letter_handled import DeadLetterHandled
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.sync_run import QueuedVendor, RunPart, SyncRun
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.systems import VANTACA
from schemas.topics import (
    DEAD_LETTER,
    DEAD_LETTER_HANDLED,
    INTEGRATION,
    SYNC_RUN,
    VENDOR_RECORD,
    VENDOR_SYNC_OUTCOME,
)
from schemas.wire.codec import Codec

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOPIC_ID = "topic-of-tests"
TOPIC_OF = {
    Integration: INTEGRATION,
    VendorRecord: VENDOR_RECORD,
    SyncRun: SYNC_RUN,
    VendorSyncOutcome: VENDOR_SYNC_OUTCOME,
    DeadLetter: DEAD_LETTER,
    DeadLetterHandled: DEAD_LETTER_HANDLED,
}
_codec = Codec()


class Projected:
    """Takes messages in as if they came from partition 0 of their topics, in this order."""

    def __init__(self, engine: Engine, after: "Projected | None" = None) -> None:
        """``after``: what filled the database that this one is a copy of."""
        self._engine = engine
        self.offsets: dict[str, int] = defaultdict(int, {} if after is None else after.offsets)
        self._ids = {topic.name: TOPIC_ID for topic in TOPICS}

    def take(self, *messages: Message) -> None:
        facts = facts_of(self._records(messages), _codec, partitions=1)
        assert not facts.unreadable
        with writing(self._engine) as connection:
            known = connection.execute(select(tables.runs.c.revision).order_by(tables.runs.c.revision.desc())).first()
            project(connection, facts, self._ids, revision=1 + (0 if known is None else known.revision))

    def take_garbled_integration(self, client_id: str) -> None:
        """The newest record of this client's integration can't be read."""
        topic = INTEGRATION.name
        record = ConsumedRecord(topic, 0, self.offsets[topic], client_id.encode(), b"garbage")
        self.offsets[topic] += 1
        with writing(self._engine) as connection:
            project(connection, facts_of([record], _codec, partitions=1), self._ids, revision=1)

    def touch(self, run_id: str) -> None:
        """Give a run a new revision, and nothing else."""
        runs = tables.runs
        with writing(self._engine) as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(revision=runs.c.revision + 1))

    def _records(self, messages: Iterable[Message]) -> Iterable[ConsumedRecord]:
        for message in messages:
            topic = TOPIC_OF[type(message)].name
            value = _codec.encode(message, topic=topic)
            yield ConsumedRecord(topic, 0, self.offsets[topic], _key(message), value)
            self.offsets[topic] += 1


def _key(message: Message) -> bytes | None:
    match message:
        case Integration():
            return message.client_id.encode()
        case VendorRecord() | VendorSyncOutcome():
            return message.key.to_bytes()
        case SyncRun():
            return message.run_id.encode()
        case DeadLetter():
            return message.key
        case _:
            return None


def integration(client_id: str, **fields: Any) -> Integration:
    given = {
        "client_id": client_id,
        "client_name": "Acme Management",
        "system": VANTACA,
        "mode": Mode.TWO_WAY,
        "pushes": tuple(FieldGroup),
        "status_texts": {"active": "Approved", "inactive": "Inactive", "exempt": "Compliance Exempt"},
        "base_url": "http://127.0.0.1:9",
        "credentials_ref": client_id,
        "updated_at": AT,
    }
    return Integration.model_validate(given | fields)


def record(client_id: str, vendor_id: str, **fields: Any) -> VendorRecord:
    given = {
        "client_id": client_id,
        "vendor_id": vendor_id,
        "version": 1,
        "updated_at": AT,
        "origin": Origin.SNAPSHOT,
        "provider_id": "4711",
        "legal_name": f"Vendor {vendor_id}",
        "compliant": True,
    }
    return VendorRecord.model_validate(given | fields)


def run_of(client_id: str, run_id: str, vendors: Iterable[str], **fields: Any) -> list[SyncRun]:
    """A run over these vendors in one partition; the events that must be answered have offset 0 and so on."""
    common = {"run_id": run_id, "client_id": client_id, "at": AT, "topic_id": TOPIC_ID, **fields}
    queued = tuple(QueuedVendor(vendor_id=vendor_id, offset=offset) for offset, vendor_id in enumerate(vendors))
    return [
        SyncRun(part=RunPart.EXPANDING, partitions=1, requested_by="Dana", cause="sync_all", **common),
        SyncRun(part=RunPart.SHARD, partition=0, chunk=0, last=True, queued=queued, **common),
    ]


def outcome(client_id: str, vendor_id: str, status: Status, offset: int, **fields: Any) -> VendorSyncOutcome:
    given = {
        "client_id": client_id,
        "vendor_id": vendor_id,
        "status": status,
        "through_offset": offset,
        "topic_id": TOPIC_ID,
        "cause": "sync_all",
        "requested_by": "Dana",
        "at": AT,
    }
    return VendorSyncOutcome.model_validate(given | fields)


def dead_letter(client_id: str, vendor_id: str, **fields: Any) -> DeadLetter:
    given = {
        "client_id": client_id,
        "vendor_id": vendor_id,
        "code": "missing",
        "reason": "Vantaca has no provider 4711.",
        "topic": "vive.vendor-sync",
        "partition": 0,
        "offset": 3,
        "key": f"{client_id}:{vendor_id}".encode(),
        "at": AT,
    }
    return DeadLetter.model_validate(given | fields)
