from processors.state.row_placement import Placement, placement_of
from schemas.wire.partitioning import partition_of

PARTITIONS = 12
KEY = b"acme:v1"
OWN = partition_of(KEY, PARTITIONS)
FOREIGN = (OWN + 1) % PARTITIONS


def test_a_row_that_names_the_number_of_partitions_is_on_its_own_one() -> None:
    assert placement_of(KEY, {"partitions": b"12"}, partition=OWN, partitions=PARTITIONS) is Placement.OWN


def test_a_row_that_names_another_number_was_placed_by_it() -> None:
    for partition in (OWN, FOREIGN):
        assert (
            placement_of(KEY, [("partitions", b"24")], partition=partition, partitions=PARTITIONS)
            is Placement.BY_ANOTHER_NUMBER
        )


def test_the_key_of_a_row_that_names_no_number_shows_whether_it_is_foreign() -> None:
    for headers in (None, {}, {"partitions": b"twelve"}, [("owner-epoch", b"0.7")]):
        assert placement_of(KEY, headers, partition=OWN, partitions=PARTITIONS) is Placement.OWN
        assert placement_of(KEY, headers, partition=FOREIGN, partitions=PARTITIONS) is Placement.FOREIGN


def test_a_row_without_a_key_is_on_no_foreign_partition() -> None:
    assert placement_of(None, None, partition=3, partitions=PARTITIONS) is Placement.OWN
