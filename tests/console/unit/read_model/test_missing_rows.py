"""Rows of the read model without a record on their topic, by partition."""

from console.read_model.folds.missing_rows import missing_rows
from messaging.missed_deletions import PositionDoubt
from schemas.wire.partitioning import partition_of

PARTITIONS = 3


def keys_of(partition: int, count: int) -> list[bytes]:
    numbered = (f"acme:v{number}".encode() for number in range(100_000))
    return [key for key in numbered if partition_of(key, PARTITIONS) == partition][:count]


def test_rows_are_counted_in_the_partition_of_their_record_and_missing_ones_in_that_of_their_key() -> None:
    here, there = keys_of(0, 4), keys_of(1, 2)
    on_topic = {here[0]: 0, here[1]: 2, there[0]: 1, b"acme:unknown": 0}
    found = missing_rows([*here, *there], on_topic, partitions=PARTITIONS)
    assert {number: (rows.rows, rows.missing) for number, rows in found.items()} == {
        0: (3, here[2:]),
        1: (2, there[1:]),
        2: (1, []),
    }


def test_many_missing_rows_of_one_partition_are_not_hidden_by_those_of_others() -> None:
    here, there = keys_of(0, 30), keys_of(1, 600)
    on_topic = dict.fromkeys(here[:18], 0) | dict.fromkeys(there, 1)
    found = missing_rows([*here, *there], on_topic, partitions=PARTITIONS)
    assert [found[number].may_be_deleted(PositionDoubt.OLD) for number in range(PARTITIONS)] == [False, True, True]
