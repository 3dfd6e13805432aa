"""One vendor field by field: VIVE's value, Vantaca's value, and the result."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from console.pages.sentences.words import GROUPS, STATES, field_label, group_label
from console.read_model.store.views import VendorDetail, VendorState
from schemas.records.integration import FieldGroup, Integration, KnownIntegration
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.vendor_record import Policy, VendorRecord

AGREES: Final = frozenset({Status.UPDATED, Status.UNCHANGED})
"""After these, whatever is pushed and was neither written nor left alone is the same on both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the comparison. ``result`` is ``written``, ``planned``, ``left``, ``agrees`` or ``unknown``."""

    group: str
    field: str
    vive: str | None
    vantaca: str | None
    result: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact of VIVE's record of the vendor."""

    label: str
    value: str


def last_settled(detail: VendorDetail) -> VendorSyncOutcome | None:
    """How the vendor's latest attempt ended; None where none has."""
    return next((outcome for outcome in detail.outcomes if outcome.status is not Status.WRITING), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One line of a vendor's history, with the fields that differed then."""

    outcome: VendorSyncOutcome
    label: str
    tone: str
    rows: tuple[Row, ...]


def history(detail: VendorDetail) -> tuple[HistoryEntry, ...]:
    """The vendor's history, newest first. A write that was announced and then confirmed is one line."""
    entries = []
    newer: VendorSyncOutcome | None = None
    for outcome in detail.outcomes:
        words = STATES[VendorState(outcome.status)]
        label, tone = words.label, words.tone
        if outcome.status is Status.WRITING and newer is not None:
            label, tone = "Not confirmed", "warn"
        if outcome.status is not Status.WRITING or newer is None or not _wrote(newer):
            entries.append(HistoryEntry(outcome=outcome, label=label, tone=tone, rows=compared(outcome)))
        newer = outcome
    return tuple(entries)


def compared(outcome: VendorSyncOutcome) -> tuple[Row, ...]:
    """The fields that differed in an outcome: those written, then those left."""
    done = "written" if _wrote(outcome) else "planned"
    written = [
        Row(
            group=group_label(change.group),
            field=field_label(change.field),
            vive=change.after,
            vantaca=change.before,
            result=done,
        )
        for change in outcome.changes
    ]
    left = [
        Row(
            group=group_label(one.group),
            field=field_label(one.field),
            vive=one.desired,
            vantaca=one.observed,
            result="left",
            because=one.reason,
        )
        for one in outcome.left_alone
    ]
    return (*written, *left)


def _wrote(outcome: VendorSyncOutcome) -> bool:
    """Whether the outcome's changes were made: also those of a rejected vendor, for which only a hold was placed."""
    return outcome.status is Status.UPDATED or (outcome.status is Status.REJECTED and bool(outcome.changes))


def comparison(detail: VendorDetail, integration: KnownIntegration) -> tuple[Row, ...]:
    """Every field group that is pushed, and whatever else differed, as the latest attempt left it."""
    outcome = last_settled(detail)
    rows = compared(outcome) if outcome is not None else ()
    listed = {row.group for row in rows}
    record = detail.record
    known = outcome is not None and outcome.status in AGREES
    newest = known and record is not None and outcome is not None and outcome.record_version == record.version
    same = [
        Row(
            group=name,
            field=name,
            vive=_desired(record, group),
            vantaca=_desired(record, group) if newest else None,
            result="agrees" if newest else "unknown",
        )
        for group, name in GROUPS.items()
        if isinstance(integration, Integration)
        and integration.owns(group)
        and name not in listed
        and record is not None
    ]
    return (*rows, *same)


def _desired(record: VendorRecord | None, group: FieldGroup) -> str | None:
    if record is None:
        return None
    match group:
        case FieldGroup.STATUS:
            return _status(record)
        case FieldGroup.PAYMENT_HOLD:
            return _hold(record)
        case FieldGroup.INSURANCE:
            return _lines(_policies(policy for policy in record.policies if policy.pushable)) or None
        case FieldGroup.NAMES:
            return _lines((record.legal_name, record.dba_name)) or None
        case FieldGroup.ADDRESS:
            return _address(record) or None


def facts(record: VendorRecord) -> tuple[Fact, ...]:
    """VIVE's data on the vendor, whether it is pushed or not."""
    labelled = (
        ("Legal name", record.legal_name),
        ("DBA name", record.dba_name),
        ("Status", _status(record)),
        ("Payment hold", _hold(record)),
        ("Insurance", _lines(_policies(record.policies)) or "No policies"),
        ("Address", _address(record)),
        ("Provider in Vantaca", record.provider_id or "Not linked"),
    )
    return tuple(Fact(label=label, value=value) for label, value in labelled if value)


def _status(record: VendorRecord) -> str:
    compliance = "Compliant" if record.compliant else "Not compliant"
    why = [name for name, holds in (("exempt", record.exempt), ("forced active", record.force_active)) if holds]
    return _joined((record.status, ", ".join([compliance, *why])), " · ")


def _hold(record: VendorRecord) -> str:
    if not record.payment_hold:
        return "No hold"
    return f"On hold: {record.hold_reason}" if record.hold_reason else "On hold"


def _policies(policies: Iterable[Policy]) -> list[str]:
    return [_policy(policy) for policy in policies]


def _policy(policy: Policy) -> str:
    name = _joined((policy.policy_type, policy.number or "without a number"), " ")
    if policy.missing:
        return f"{name}, missing"
    return f"{name}, expires {policy.expires_on}" if policy.expires_on else f"{name}, no expiration date"


def _address(record: VendorRecord) -> str:
    address = record.address
    town = _joined((address.city, _joined((address.state, address.zip), " ")), ", ")
    return _lines((_joined((address.street, address.line2), ", "), town))


def _joined(parts: Iterable[str], separator: str) -> str:
    return separator.join(part for part in parts if part)


def _lines(parts: Iterable[str]) -> str:
    return _joined(parts, "\n")
