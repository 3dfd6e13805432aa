"""Which integration is in force, from what the partitions of its topic hold."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from schemas.client_integrations import ClientIntegrations, read_copy
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.partitioning import partition_of
from tests.support.messages import NOW, integration

CODEC = Codec()
PARTITIONS = 4
OWN = partition_of(b"acme", PARTITIONS)
FOREIGN, OTHER = (number for number in range(3) if number != OWN)


@dataclass(frozen=True)
class Record:
    """A record of client ``acme``; ``timestamp`` is when Kafka had it."""

    partition: int
    timestamp: int
    value: bytes | None
    key: bytes | None = b"acme"
    offset: int = 0


def good(partition: int, timestamp: int, *, minute: int = 0, **fields: Any) -> Record:
    made = integration(updated_at=NOW + timedelta(minutes=minute), **fields)
    return Record(partition, timestamp, CODEC.encode(made, topic=INTEGRATION.name))


def garbage(partition: int, timestamp: int) -> Record:
    return Record(partition, timestamp, b"garbage")


def tombstone(partition: int, timestamp: int) -> Record:
    return Record(partition, timestamp, None)


def in_force_after(*records: Record) -> KnownIntegration:
    """What is in force, the same in any order of the partitions."""
    found = []
    for order in permutations(records):
        if all(
            order.index(first) < order.index(second)
            for first in records
            for second in records
            if first.partition == second.partition and records.index(first) < records.index(second)
        ):
            clients = ClientIntegrations()
            for record in order:
                clients.take(read_copy(record, CODEC, partitions=PARTITIONS))
            found.append(clients.get("acme"))
    assert all(one == found[0] for one in found)
    return found[0]


def limit(known: KnownIntegration) -> int:
    assert isinstance(known, Integration)
    return known.max_in_flight


def test_of_one_partition_the_newest_record_counts_whatever_its_time() -> None:
    assert limit(in_force_after(good(OWN, 1, minute=5, max_in_flight=1), good(OWN, 2, minute=3, max_in_flight=2))) == 2


@pytest.mark.parametrize("later", [OWN, FOREIGN])
def test_of_two_copies_the_one_with_the_later_updated_at_is_in_force(later: int) -> None:
    earlier = FOREIGN if later == OWN else OWN
    copies = good(later, 1, minute=2, max_in_flight=9), good(earlier, 2, minute=1, max_in_flight=4)
    assert limit(in_force_after(*copies)) == 9


def test_a_copy_of_a_foreign_partition_alone_is_in_force() -> None:
    assert limit(in_force_after(good(FOREIGN, 1, max_in_flight=3))) == 3


def test_a_tombstone_on_the_right_partition_ends_all_copies_written_before_it() -> None:
    assert in_force_after(good(FOREIGN, 1, minute=2), good(OWN, 2), tombstone(OWN, 3)) is None
    assert in_force_after(garbage(FOREIGN, 1), tombstone(OWN, 3)) is None
    assert limit(in_force_after(tombstone(OWN, 3), good(FOREIGN, 4, max_in_flight=5))) == 5


def test_a_foreign_tombstone_ends_the_copy_of_its_partition_only() -> None:
    assert limit(in_force_after(good(OWN, 1, max_in_flight=7), tombstone(FOREIGN, 3))) == 7
    own, foreign = good(OWN, 1, max_in_flight=7), good(FOREIGN, 2, minute=2)
    assert limit(in_force_after(own, foreign, tombstone(FOREIGN, 3))) == 7
    assert in_force_after(good(FOREIGN, 1), tombstone(FOREIGN, 2)) is None


@pytest.mark.parametrize("where", [OWN, FOREIGN])
def test_an_unreadable_record_counts_until_a_good_one_is_written_after_it(where: int) -> None:
    assert in_force_after(good(OWN, 1), garbage(where, 2)) == UnreadableIntegration(
        code="undecodable",
        reason="The bytes begin with neither Confluent's nor Avro's single-object header; a Integration was expected.",
    )
    assert isinstance(in_force_after(good(OTHER, 2), garbage(where, 2)), UnreadableIntegration), "the same millisecond"
    assert limit(in_force_after(garbage(where, 2), good(OWN, 3, max_in_flight=6))) == 6
    assert limit(in_force_after(garbage(where, 2), good(OTHER, 3, max_in_flight=6))) == 6
    assert in_force_after(garbage(where, 2), tombstone(where, 3)) is None


def test_a_record_under_another_clients_key_makes_the_client_of_the_key_unreadable() -> None:
    known = in_force_after(good(OWN, 1), good(OWN, 2, client_id="zest"))
    assert isinstance(known, UnreadableIntegration)
    assert known.code == "invalid"


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe", b"acme:v1", b" acme", b"x" * 129])
def test_a_key_that_is_no_clients_id_concerns_nobody(key: bytes | None) -> None:
    with pytest.raises(UndecodableError, match="no client's id"):
        read_copy(Record(0, 1, b"garbage", key=key), CODEC, partitions=PARTITIONS)


@pytest.mark.parametrize("value", [b"", b"\0", bytes(range(256)), b"text " * 26_215])
def test_any_value_is_read_or_unreadable(value: bytes) -> None:
    assert isinstance(in_force_after(Record(OWN, 1, value)), UnreadableIntegration)


def test_what_changes_is_told_from_what_does_not() -> None:
    clients = ClientIntegrations()
    records = [good(OWN, 1), good(OWN, 2), garbage(OWN, 3), garbage(OWN, 4), tombstone(OWN, 5), tombstone(FOREIGN, 6)]
    changed = [clients.take(read_copy(record, CODEC, partitions=PARTITIONS)) for record in records]
    assert changed == [True, False, True, False, True, False]


def test_notes_name_the_partitioner_and_unknown_field_groups() -> None:
    def notes(record: Record) -> list[str]:
        return read_copy(record, CODEC, partitions=PARTITIONS).notes()

    assert notes(good(OWN, 1)) == []
    (foreign,) = notes(good(FOREIGN, 1))
    assert f"is on partition {FOREIGN}" in foreign
    assert "murmur2_random" in foreign
    (ended,) = notes(tombstone(FOREIGN, 1))
    assert "It ends no copy on another partition." in ended
    (unknown,) = notes(good(OWN, 1, pushes=("status", "phone", "email")))
    assert "2 field groups that VIVE does not know (the first is 'phone')" in unknown
