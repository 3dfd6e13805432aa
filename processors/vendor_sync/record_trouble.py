"""The sync of a vendor whose newest record VIVE can't act on: payment holds are placed, nothing else is written."""

from dataclasses import replace
from typing import Final

from accounting.port import Plan
from schemas.kept_record import STALE
from schemas.records.integration import FieldGroup, Integration
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import RecordTrouble, VendorRow

_UNREADABLE: Final = "The record can't be read."


def rejection(trouble: RecordTrouble, record: VendorRecord | None) -> str:
    """Why the vendor is not synced, as a sentence for a person; ``record`` is the last good one, or None."""
    wrong = trouble.reason if trouble.code in {STALE, "invalid"} else _UNREADABLE
    until = "until a correct record arrives"
    if trouble.code == STALE:
        until = "until a record with a higher version arrives, or VIVE's support decides which record counts"
    does = "VIVE only places payment holds for this vendor" if record is not None else "VIVE does not sync this vendor"
    since = f"VIVE has been unable to use this vendor's newest record since {trouble.at:%Y-%m-%d %H:%M} UTC."
    return f"{since} {wrong} {does} {until}."


def held_record(row: VendorRow, integration: Integration) -> VendorRecord | None:
    """The record by which a payment hold is placed while the newest one can't be used; None where none is to be placed.

    The last good record decides. Where it wants no hold, the newest record does, where that much of it is known.
    """
    record, trouble = row.record, row.trouble
    if record is None or record.provider_id is None or not integration.owns(FieldGroup.PAYMENT_HOLD):
        return None
    if record.payment_hold:
        return record
    if trouble is None or not trouble.payment_hold:
        return None
    return record.model_copy(update={"payment_hold": True, "hold_reason": trouble.hold_reason})


def only_holds(integration: Integration) -> Integration:
    """The integration as if VIVE owned nothing but payment holds at this client."""
    return integration.model_copy(update={"pushes": (FieldGroup.PAYMENT_HOLD,)})


def only_of_holds(plan: Plan) -> Plan:
    """The plan without the differences that ``only_holds`` leaves alone: the client's integration is not their reason."""
    left_alone = tuple(left for left in plan.left_alone if left.group == FieldGroup.PAYMENT_HOLD)
    return replace(plan, left_alone=left_alone)
