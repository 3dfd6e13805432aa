"""Topics drawn at random, and the tables that are built from them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Engine, select

from console.read_model.folds.facts import TOPICS, facts_of
from console.read_model.projection.projection import forget, project
from console.read_model.store.engine import writing
from console.read_model.store.tables import PROJECTED
from messaging.topic_reader import ConsumedRecord
from schemas.message import Message
from schemas.records.dead_letter_handled import Action
from schemas.records.outcome import LeftAlone
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import VendorSync
from schemas.topics import (
    DEAD_LETTER,
    DEAD_LETTER_HANDLED,
    INTEGRATION,
    SYNC_RUN,
    VENDOR_RECORD,
    VENDOR_SYNC,
    VENDOR_SYNC_OUTCOME,
    VENDOR_TABLE_CHANGELOG,
    Topic,
)
from schemas.wire.codec import Codec
from schemas.wire.partitioning import partition_of
from tests.console.unit.test_run_progress import PARTITIONS, VENDORS, a_partitions_shards, some_outcomes
from tests.support.messages import NOW, dead_letter, expanding, handled, integration, vendor_record

CODEC = Codec()
TOPIC_IDS = {topic.name: "t1" for topic in TOPICS}
KEPT_APART = {"runs": {"revision"}}
"""Columns that depend on when something was projected."""

Log = list[ConsumedRecord]
"""The records of one partition, in its order."""
Drawn = tuple[bytes | None, Message | bytes | None]
"""A key and a content; bytes are published as they are, None is a tombstone."""

vendor_ids = st.sampled_from([*VENDORS, "stranger"])
LEFT = LeftAlone(
    group="status", field="status", observed="a", desired="b", code="not_owned", reason="It is not VIVE's."
)


def log(topic: Topic, partition: int, drawn: Iterable[Drawn]) -> Log:
    """These records as one partition holds them."""
    return [
        ConsumedRecord(topic.name, partition, offset, key, _bytes(topic, content))
        for offset, (key, content) in enumerate(drawn)
    ]


def _bytes(topic: Topic, content: Message | bytes | None) -> bytes | None:
    return CODEC.encode(content, topic=topic.name) if isinstance(content, Message) else content


def _key(vendor_id: str, client_id: str = "acme") -> bytes:
    return VendorKey(client_id, vendor_id).to_bytes()


def _of_vendors(draw: st.DrawFn, topic: Topic, drawn: st.SearchStrategy[Drawn], some: int) -> list[Log]:
    """A topic keyed by vendor: every vendor has a partition of its own."""
    all_drawn = draw(st.lists(drawn, min_size=some // 2, max_size=some))
    shares: list[list[Drawn]] = [[] for _ in range(PARTITIONS)]
    for key, content in all_drawn:
        shares[partition_of(key or b"", PARTITIONS)].append((key, content))
    return [log(topic, partition, share) for partition, share in enumerate(shares)]


outcomes = st.builds(
    lambda outcome, left: (outcome.key.to_bytes(), outcome.model_copy(update={"left_alone": left})),
    some_outcomes,
    st.sampled_from([(), (LEFT,)]),
)
records = st.builds(
    lambda vendor_id, gone, **fields: (
        _key(vendor_id),
        None if gone else vendor_record(vendor_id=vendor_id, **fields),
    ),
    vendor_id=vendor_ids,
    gone=st.sampled_from([False, False, False, True]),
    version=st.integers(0, 3),
    provider_id=st.sampled_from(["17", None]),
    legal_name=st.sampled_from(["", "Straße & Söhne", "bright", "Bright", "NUL\0here"]),
)
events = st.builds(
    lambda vendor_id: (
        _key(vendor_id),
        VendorSync(client_id="acme", vendor_id=vendor_id, lane=Lane.BULK, cause="sync_all", requested_at=NOW),
    ),
    vendor_ids,
)
dead_letters_drawn = st.builds(
    lambda vendor_id, seconds, **fields: (
        _key(vendor_id),
        dead_letter(vendor_id=vendor_id, at=NOW + timedelta(seconds=seconds), **fields),
    ),
    vendor_ids,
    st.integers(0, 3),
    code=st.sampled_from(["missing", "rejected"]),
    value=st.sampled_from([None, b"\0\xff"]),
)
actions = st.builds(
    lambda letter_id, **fields: (b"acme:v1", handled(letter_id=letter_id, **fields)),
    letter_id=st.sampled_from(["0-0", "0-1", "1-0"]),
    action=st.sampled_from(Action),
    by=st.sampled_from(["Dana", "Eve"]),
    letter_topic_id=st.sampled_from(["t1", "t1", "t2"]),
)
_garbled = b"garbage"
integrations = st.tuples(
    st.sampled_from([b"acme", b"other"]),
    st.sampled_from([None, _garbled, *(integration(updated_at=NOW + timedelta(minutes=each)) for each in range(3))]),
)
garbage = st.tuples(st.sampled_from([b"acme:v1", b"no key", None]), st.sampled_from([b"garbage", b""]))


@st.composite
def topics(draw: st.DrawFn) -> list[Log]:
    """Every topic, whole, by partition: two runs over the same vendors, and all other kinds of records about them."""
    logs = []
    for partition, run_id in enumerate(("run", "again")):
        parts: list[Any] = [expanding(PARTITIONS, run_id=run_id, requested_by="Dana")]
        for share in range(PARTITIONS):
            parts += [part.model_copy(update={"run_id": run_id}) for part in draw(a_partitions_shards(share))]
        logs.append(log(SYNC_RUN, partition, [(run_id.encode(), part) for part in draw(st.permutations(parts))]))
    logs += _of_vendors(draw, VENDOR_SYNC_OUTCOME, outcomes | outcomes | outcomes | garbage, 30)
    logs += _of_vendors(draw, VENDOR_RECORD, records | records | garbage, 10)
    logs += _of_vendors(draw, VENDOR_SYNC, events, 10)
    logs += _of_vendors(draw, DEAD_LETTER, dead_letters_drawn | dead_letters_drawn | garbage, 6)
    logs += [log(DEAD_LETTER_HANDLED, 0, draw(st.lists(actions, max_size=4)))]
    for partition in range(PARTITIONS):
        written = log(INTEGRATION, partition, draw(st.lists(integrations, max_size=3)))
        logs.append([record._replace(timestamp=draw(st.integers(0, 3))) for record in written])
    return logs


@st.composite
def interleavings(draw: st.DrawFn, logs: Sequence[Log]) -> list[Log]:
    """Batches in which the records may come: each partition in its order, anything else in any."""
    order = draw(st.permutations([number for number, one in enumerate(logs) for _ in one]))
    left = [iter(one) for one in logs]
    mixed = [next(left[number]) for number in order]
    cuts = sorted(draw(st.sets(st.integers(1, max(len(mixed), 1)), max_size=4)))
    return [mixed[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]


def build(engine: Engine, batches: Iterable[Sequence[ConsumedRecord]], *, partitions: int = PARTITIONS) -> None:
    """The read model of these batches, in place of what was there; each topic has so many partitions."""
    with writing(engine) as connection:
        forget(connection)
    add(engine, batches, partitions=partitions)


def add(engine: Engine, batches: Iterable[Sequence[ConsumedRecord]], *, partitions: int = PARTITIONS) -> None:
    """These batches are projected too."""
    for revision, batch in enumerate(batches, start=1):
        with writing(engine) as connection:
            project(connection, facts_of(batch, CODEC, partitions=partitions), TOPIC_IDS, revision=revision)


def dump(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every projected table, by name: its rows in the order of their keys, without the mark of the vendor table's records."""
    tables = {}
    with engine.connect() as connection:
        for table in PROJECTED:
            columns = [column for column in table.c if column.name not in KEPT_APART.get(table.name, ())]
            rows = connection.execute(select(*columns).order_by(*table.primary_key.columns)).mappings()
            tables[table.name] = [dict(row) for row in rows if row.get("topic") != VENDOR_TABLE_CHANGELOG.name]
    return tables
