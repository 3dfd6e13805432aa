"""Folds of records into a vendor of a client: pure functions of its row in ``vendors``."""

from typing import Final

from console.read_model.folds.outcomes import clean
from console.read_model.store.upsert import Row
from console.read_model.store.views import VendorState
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord

LONGEST_NAME: Final = 300
LONGEST_SORTED: Final = 200
"""PostgreSQL's indexes hold some 2,700 bytes a row."""
NO_RECORD: Final = -1
UNREADABLE_ONLY: Final = -2
"""In place of a version: VIVE has records of the vendor, none of which can be read."""
UNLINKED: Final = "It is not linked to a provider."


def sort_name(name: str, vendor_id: str) -> str:
    """The text by which vendors are sorted and searched: name and id, in lower case, of limited length."""
    return f"{name.casefold()[:LONGEST_SORTED]}\n{vendor_id.casefold()}"


def new_vendor(key: VendorKey) -> Row:
    """A vendor before the first record about it."""
    return {
        "client_id": key.client_id,
        "vendor_id": key.vendor_id,
        "sort_name": sort_name(key.vendor_id, key.vendor_id),
        "name": key.vendor_id,
        "provider_id": None,
        "version": NO_RECORD,
        "last_version": NO_RECORD,
        "event_offset": -1,
        "through": -1,
        "outcome_partition": -1,
        "outcome_offset": -1,
        "outcome_state": None,
        "outcome_reason": None,
        "outcome_at": None,
        "state": None,
    }


def takes(row: Row, record: VendorRecord, *, accepted: bool = False, forwarded: bool = False) -> bool:
    """Whether the record is in force from now on: not a stale one, unless it is ``accepted``.

    One that was ``forwarded`` from a foreign partition must be newer than every record before, also than a deleted one.
    """
    if forwarded:
        return bool(record.version > row["last_version"])
    return accepted or bool(record.version >= row["version"])


def with_record(row: Row, record: VendorRecord | None, *, accepted: bool = False, forwarded: bool = False) -> Row:
    """The vendor after a record; one that is not in force changes nothing, None forgets what was known but for the version."""
    if record is None:
        empty = new_vendor(VendorKey(row["client_id"], row["vendor_id"]))
        return row | {name: empty[name] for name in ("sort_name", "name", "provider_id", "version")}
    if not takes(row, record, accepted=accepted, forwarded=forwarded):
        return row
    name = clean(record.legal_name).strip()[:LONGEST_NAME] or record.vendor_id
    return row | {
        "sort_name": sort_name(name, record.vendor_id),
        "name": name,
        "provider_id": record.provider_id,
        "version": record.version,
        "last_version": record.version,
    }


def with_unreadable(row: Row) -> Row:
    """The vendor after a record that can't be read: what was known of it stays, and it is known from now on."""
    return row | {"version": UNREADABLE_ONLY} if row["version"] == NO_RECORD else row


def is_known(row: Row) -> bool:
    """Whether VIVE has records of the vendor, so that lists have it."""
    return bool(row["version"] != NO_RECORD)


def with_outcome(row: Row, outcome: Row, topic_id: str) -> Row:
    """The vendor after an outcome (a row of ``outcomes``); ``topic_id`` is Kafka's id of ``vendor-sync`` now."""
    changed = dict(row)
    if outcome["status"] != Status.WRITING and outcome["topic_id"] == topic_id:
        changed["through"] = max(row["through"], outcome["through"])
    if (outcome["partition"], outcome["offset"]) > (row["outcome_partition"], row["outcome_offset"]):
        changed |= {
            "outcome_partition": outcome["partition"],
            "outcome_offset": outcome["offset"],
            "outcome_state": outcome["state"],
            "outcome_reason": outcome["reason"],
            "outcome_at": outcome["at"],
        }
    return changed


def vendor_state(row: Row) -> VendorState:
    """The state of a vendor, by its row."""
    if row["outcome_state"] == VendorState.WRITING:
        return VendorState.WRITING
    if row["event_offset"] > row["through"]:
        return VendorState.QUEUED
    if row["version"] >= 0 and row["provider_id"] is None:
        return VendorState.UNLINKED
    return VendorState(row["outcome_state"] or VendorState.NEVER_SYNCED)


def vendor_reason(row: Row, state: VendorState) -> str | None:
    """The reason of a vendor's state, by its row."""
    if state is VendorState.UNLINKED:
        return UNLINKED
    reason: str | None = row["outcome_reason"] if state == row["outcome_state"] else None
    return reason
