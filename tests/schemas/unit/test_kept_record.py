"""Which of a vendor's records is in force."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from schemas.kept_record import ReadAt, with_record, with_tombstone, with_unreadable
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import RecordTrouble, VendorRow
from tests.support.messages import NOW, vendor_record

PARTITION = 3
REASON = "The bytes hold no record."
TOP = 2**63 - 1


class Bad(NamedTuple):
    """A record that can't be read."""


class Accepted(NamedTuple):
    """A record that a person has put in force."""

    record: VendorRecord


Item = VendorRecord | Accepted | Bad | None
"""A record of a vendor; None is a tombstone."""


def read_at(offset: int) -> ReadAt:
    return ReadAt(PARTITION, offset, NOW + timedelta(seconds=offset))


def after(row: VendorRow, item: Item, read: ReadAt) -> VendorRow:
    match item:
        case None:
            return with_tombstone(row, read)
        case Bad():
            return with_unreadable(row, "invalid", REASON, read)
        case Accepted(record):
            return with_record(row, record, read, accepted=True)
        case _:
            return with_record(row, item, read)


def folded(items: Iterable[Item], *, row: VendorRow | None = None, first: int = 0) -> VendorRow:
    row = row or VendorRow()
    for offset, item in enumerate(items, start=first):
        row = after(row, item, read_at(offset))
    return row


def version(number: int, *, minutes: int | None = None, **fields: object) -> VendorRecord:
    """A record that was changed so many minutes after the first one; by default as many as its version."""
    later = timedelta(minutes=number if minutes is None else minutes)
    return vendor_record(version=number, updated_at=NOW + later, **fields)


def trouble_of(row: VendorRow) -> RecordTrouble:
    assert row.trouble is not None
    return row.trouble


some_records = st.builds(
    version,
    st.integers(0, 4),
    minutes=st.integers(0, 4),
    payment_hold=st.booleans(),
    hold_reason=st.sampled_from(["", "lapsed"]),
)
items = st.lists(st.none() | st.just(Bad()) | some_records | st.builds(Accepted, some_records), max_size=8)


def test_the_last_good_record_stays_in_force_behind_one_that_cannot_be_read() -> None:
    row = folded([version(1), Bad()])
    assert row.record == version(1)
    assert row.trouble == RecordTrouble(code="invalid", reason=REASON, partition=PARTITION, offset=1, at=read_at(1).now)


def test_a_vendor_whose_first_record_cannot_be_read_gets_a_row() -> None:
    row = folded([Bad()])
    assert (row.record, trouble_of(row).offset) == (None, 0)


def test_a_good_record_and_a_tombstone_end_the_trouble() -> None:
    assert folded([version(1), Bad(), version(1)]).trouble is None
    assert folded([version(1), Bad(), version(2)]).trouble is None
    gone = folded([version(1), Bad(), None])
    assert (gone.record, gone.trouble, gone.last_version) == (None, None, 1)


def test_an_older_record_does_not_end_the_trouble() -> None:
    row = folded([version(2), Bad(), version(1)])
    assert (row.record, trouble_of(row).offset, row.stale_records) == (version(2), 1, 1)


def test_trouble_that_goes_on_keeps_its_beginning() -> None:
    row = folded([version(1), Bad(), Bad()])
    assert (trouble_of(row).at, trouble_of(row).offset) == (read_at(1).now, 2)


def test_after_a_tombstone_a_vendor_comes_back_with_any_version() -> None:
    row = folded([version(9), None, version(1)])
    assert (row.record, row.last_version, row.trouble, row.stale_records) == (version(1), 1, None, 0)


def test_a_stale_record_that_was_not_changed_later_is_counted_only() -> None:
    row = folded([version(5), version(3), version(4)])
    assert (row.record, row.stale_records, row.trouble) == (version(5), 2, None)


def test_a_stale_record_that_was_changed_later_is_trouble_with_the_hold_that_it_wants() -> None:
    newer = version(3, minutes=6, payment_hold=True, hold_reason="Auto lapsed")
    row = folded([version(TOP, minutes=5), newer])
    trouble = trouble_of(row)
    assert (trouble.code, trouble.payment_hold, trouble.hold_reason) == ("stale", True, "Auto lapsed")
    assert (row.stale_records, row.record) == (1, version(TOP, minutes=5))


def test_a_hold_that_a_newer_stale_record_wants_is_not_forgotten_behind_one_that_cannot_be_read() -> None:
    newer = version(3, minutes=6, payment_hold=True, hold_reason="Auto lapsed")
    trouble = trouble_of(folded([version(TOP, minutes=5), newer, Bad()]))
    assert (trouble.code, trouble.payment_hold, trouble.hold_reason) == ("invalid", True, "Auto lapsed")


def test_a_record_that_a_person_put_in_force_is_kept_whatever_its_version() -> None:
    row = folded([version(TOP, minutes=5), version(3, minutes=6), Accepted(version(3, minutes=6))])
    assert (row.record, row.last_version, row.trouble, row.stale_records) == (version(3, minutes=6), 3, None, 0)
    assert folded([version(4)], row=row, first=3).record == version(4)


@given(items)
def test_the_newest_good_record_is_in_force_and_what_came_after_it_and_cannot_be_used_is_trouble(
    log: list[Item],
) -> None:
    """Compared with the rule in other words: the last of the highest version since the last tombstone or decision."""
    row = folded(log)
    begin = max((at for at, item in enumerate(log) if item is None or isinstance(item, Accepted)), default=-1)
    since = list(enumerate(log[max(begin, 0) :], start=max(begin, 0)))
    good = [(at, item.record if isinstance(item, Accepted) else item) for at, item in since]
    records = [(at, record) for at, record in good if isinstance(record, VendorRecord)]
    at, newest = max(records, key=lambda pair: (pair[1].version, pair[0]), default=(-1, None))
    assert row.record == newest
    unusable = [
        later
        for later, item in since
        if later > at and (isinstance(item, Bad) or (newest is not None and _is_newer(item, newest)))
    ]
    assert (None if row.trouble is None else row.trouble.offset) == (unusable[-1] if unusable else None)


def _is_newer(item: Item, newest: VendorRecord) -> bool:
    return isinstance(item, VendorRecord) and item.updated_at > newest.updated_at


def test_the_last_version_beyond_a_tombstone_stays_when_a_stale_record_before_it_is_read_again() -> None:
    log = [version(5), version(1), None]
    row = folded(log)
    assert (row.last_version, folded(log[1:], row=row, first=1).last_version) == (5, 5)


@given(items, st.data())
def test_records_that_are_read_again_after_a_crash_leave_the_same_row(log: list[Item], data: st.DataObject) -> None:
    row = folded(log)
    again = data.draw(st.integers(0, len(log)))
    assert comparable(folded(log[again:], row=row, first=again)) == comparable(row)


def comparable(row: VendorRow) -> VendorRow:
    """The row without the times, which are of the last reading."""
    trouble = None if row.trouble is None else row.trouble.model_copy(update={"at": NOW})
    return row.model_copy(update={"trouble": trouble, "updated_at": None})
