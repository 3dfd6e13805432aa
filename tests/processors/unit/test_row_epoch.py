"""The order of a partition's owners, proved by its changelog: a late row of a former owner changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from processors.state.shard import Shard, Summary
from schemas.records.vendor_key import VendorKey
from schemas.wire.row_epoch import FIRST, RowEpoch

SUMMARY = Summary(known=True, linked=True, answered_through=-1)
KEYS = [VendorKey("c1", f"v{number}") for number in range(3)]


class Written:
    """A changelog partition, and what each key's rightful row is."""

    def __init__(self) -> None:
        self.log: list[tuple[VendorKey, bytes, RowEpoch]] = []
        self.rightful: dict[VendorKey, bytes] = {}

    def write(self, key: VendorKey, epoch: RowEpoch, *, too_late: bool) -> None:
        row = f"row {len(self.log)}".encode()
        self.log.append((key, row, epoch))
        if not too_late:
            self.rightful[key] = row

    def read(self) -> Shard:
        shard = Shard()
        for key, row, epoch in self.log:
            if shard.accepts(key.to_bytes(), epoch):
                shard.put(key, row, SUMMARY)
        return shard


steps = st.lists(
    st.one_of(
        st.tuples(st.just("rebalance"), st.integers(1, 3)),
        st.tuples(st.just("group deleted"), st.just(0)),
        st.tuples(st.just("row"), st.integers(0, 2)),
        st.tuples(st.just("late row"), st.integers(0, 2)),
    )
)


@given(steps)
def test_late_rows_of_former_owners_never_replace_a_row_of_a_newer_owner(steps: list[tuple[str, int]]) -> None:
    written, generation, former = Written(), 1, FIRST
    written.write(KEYS[0], RowEpoch(0, 1), too_late=False)
    owner = RowEpoch(0, 1)
    for step, number in steps:
        match step:
            case "rebalance" | "group deleted":
                generation = 1 if step == "group deleted" else generation + number
                former = owner
                shard = written.read()
                shard.take_over(generation)
                assert shard.epoch is not None
                owner = shard.epoch
                written.write(KEYS[0], owner, too_late=False)
            case "row":
                written.write(KEYS[number], owner, too_late=False)
            case _ if former < owner:
                written.write(KEYS[number], former, too_late=True)
    assert written.read().rows == written.rightful


@given(st.integers(0, 99), st.integers(0, 10**9))
def test_an_epoch_is_read_from_the_headers_that_it_is_written_to(era: int, generation: int) -> None:
    epoch = RowEpoch(era, generation)
    as_read = {name: str(value).encode() for name, value in epoch.headers().items()}
    assert RowEpoch.of_headers(list(as_read.items())) == epoch


def test_a_row_without_an_epoch_always_counts() -> None:
    shard = Shard()
    assert shard.accepts(b"c1:v1", RowEpoch(0, 5))
    assert not shard.accepts(b"c1:v1", RowEpoch(0, 4))
    assert shard.late == {b"c1:v1"}
    assert shard.accepts(b"c1:v1", RowEpoch.of_headers([("owner-epoch", b"five")]))
    assert not shard.late


def test_a_hole_between_two_rows_of_this_worker_holds_rows_of_others() -> None:
    shard = Shard()
    shard.take_over(5)
    shard.delivered(RowEpoch(0, 5), 0)
    shard.delivered(RowEpoch(0, 5), 1)
    assert not shard.unread
    shard.delivered(RowEpoch(0, 5), 4)
    assert shard.unread == [range(2, 4)]
    shard.others_wrote(until=5)
    shard.others_wrote(until=6)
    assert shard.unread == [range(2, 4), range(5, 6)]
    shard.found(b"c1:v1", RowEpoch(0, 4))
    shard.found(b"c1:v2", RowEpoch(0, 5))
    shard.found(b"c1:v3", RowEpoch(0, 6))
    shard.found(b"c1:v4", None)
    assert shard.late == {b"c1:v1", b"c1:v4"}
