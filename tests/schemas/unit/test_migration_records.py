"""Which records move to another number of partitions, in which order, and where to."""

from collections.abc import Iterable

import pytest

from messaging.migration.records import StoredRecord, moved
from messaging.migration.state import MigrationState
from schemas.topics import (
    ALL,
    DEAD_LETTER,
    DEAD_LETTER_HANDLED,
    MOVED,
    SYNC_EXPANSION,
    SYNC_REQUESTED,
    VENDOR_RECORD,
    VENDOR_SYNC,
    VENDOR_TABLE_CHANGELOG,
    Topic,
)
from schemas.wire.partitioning import partition_of, placed_by
from schemas.wire.row_epoch import RowEpoch

BEFORE, AFTER = 12, 24


def record(
    key: str | None, value: str, *, offset: int = 0, partition: int | None = None, epoch: str = ""
) -> StoredRecord:
    encoded = None if key is None else key.encode()
    place = partition if partition is not None or encoded is None else partition_of(encoded, BEFORE)
    headers = (("owner-epoch", epoch.encode()),) if epoch else (("trace", b"1"),)
    return StoredRecord(place or 0, offset, encoded, value.encode(), headers, 1000 + offset)


def placed(topic: Topic, records: Iterable[StoredRecord], finished: dict[int, int] | None = None) -> list[StoredRecord]:
    given = list(records)
    return list(moved(topic, lambda: given, finished or {}, before=BEFORE, after=AFTER))


def values(records: Iterable[StoredRecord]) -> list[str]:
    return [(each.value or b"").decode() for each in records]


def test_all_topics_move_but_those_of_dead_letters() -> None:
    assert set(ALL) - set(MOVED) == {DEAD_LETTER, DEAD_LETTER_HANDLED}


def test_a_record_goes_to_the_partition_of_its_key_and_is_otherwise_as_before() -> None:
    given = [record(f"c1:v{number}", str(number), offset=number) for number in range(50)]
    found = placed(VENDOR_RECORD, given)
    assert [each.partition for each in found] == [partition_of(each.key or b"", AFTER) for each in given]
    assert [each._replace(partition=0) for each in found] == [each._replace(partition=0) for each in given]
    assert len({each.partition for each in found}) > BEFORE


def test_a_record_without_a_key_stays_where_it_is_or_goes_to_a_partition_that_exists() -> None:
    given = [record(None, "x", partition=11)]
    assert [each.partition for each in moved(VENDOR_RECORD, lambda: given, {}, before=12, after=24)] == [11]
    assert [each.partition for each in moved(VENDOR_RECORD, lambda: given, {}, before=12, after=6)] == [5]


def test_where_partitions_were_raised_the_older_record_of_a_key_comes_first() -> None:
    key = next(key for key in (f"c1:v{number}" for number in range(50)) if partition_of(key.encode(), 24) >= 12)
    older = record(key, "older", offset=900, partition=partition_of(key.encode(), 12))
    newer = record(key, "newer", offset=0, partition=partition_of(key.encode(), 24))
    for given in ([newer, older], [older, newer]):
        found = list(moved(VENDOR_RECORD, lambda given=given: given, {}, before=24, after=24))  # type: ignore[misc]
        assert values(found) == ["older", "newer"]


@pytest.mark.parametrize("topic", [SYNC_REQUESTED, VENDOR_SYNC])
def test_of_events_only_unfinished_ones_move(topic: Topic) -> None:
    given = [record("c1:v1", str(offset), offset=offset) for offset in range(4)]
    assert values(placed(topic, given, {given[0].partition: 2})) == ["2", "3"]
    assert values(placed(topic, given)) == ["0", "1", "2", "3"]


def test_an_expansion_does_not_move_for_it_names_a_partition_of_the_old_number() -> None:
    assert placed(SYNC_EXPANSION, [record("run", "x", partition=3)]) == []


def test_a_row_names_the_new_number_and_no_epoch() -> None:
    (row,) = placed(VENDOR_TABLE_CHANGELOG, [record("c1:v1", "row", epoch="0.7")])
    assert placed_by(row.headers) == AFTER
    assert RowEpoch.of_headers(row.headers) is None


def test_a_row_that_came_too_late_does_not_move() -> None:
    rows = [
        record("c1:v1", "first", epoch="0.7"),
        record("c1:v1", "of the next owner", epoch="0.8", offset=1),
        record("c1:v1", "too late", epoch="0.7", offset=2),
        record("c1:v1", "repaired", offset=3),
    ]
    assert values(placed(VENDOR_TABLE_CHANGELOG, rows)) == ["first", "of the next owner", "repaired"]


def test_the_state_of_a_migration_survives_its_topic() -> None:
    state = MigrationState(partitions=24, topic_ids={"t": "id"}, batch_bytes={"t": 5}).with_copies()
    state = state.with_restored(VENDOR_RECORD)
    assert MigrationState.model_validate_json(state.model_dump_json()) == state
    assert VENDOR_RECORD not in state.to_restore()
    assert len(state.to_restore()) == len(MOVED) - 1
