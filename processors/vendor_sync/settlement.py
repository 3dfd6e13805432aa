"""What an attempt comes to: the row to keep, the outcome to say, and a dead letter where no retry will mend it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounting.port import Applied, Plan
from accounting.push_fingerprint import fingerprint
from processors.vendor_sync.retry_policy import GiveUp, RetryAt
from schemas.records.dead_letter import DeadLetter
from schemas.records.integration import Integration
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_SYNC


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a piece of work answers: the events of one vendor up to ``through_offset``, and who asked first and why."""

    key: VendorKey
    partition: int
    through_offset: int
    topic_id: str
    cause: str
    run_id: str | None
    requested_by: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """The accounting system agrees with VIVE in all that VIVE owns; ``applied`` is None when nothing had to be written."""

    record: VendorRecord
    integration: Integration
    plan: Plan
    applied: Applied | None
    observed_at: datetime
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSynced:
    """It ended otherwise. ``next_step`` says what follows a ``failed`` one; ``code`` makes it a dead letter of that kind."""

    status: Status
    reason: str
    record: VendorRecord | None = None
    next_step: RetryAt | GiveUp | None = None
    code: str | None = None
    trace: str | None = None
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """To be made safe in this order: outcome and dead letter, then the row, then the acknowledgement."""

    row: VendorRow
    outcome: VendorSyncOutcome
    dead_letter: DeadLetter | None = None


def announce(
    asked: Asked, record: VendorRecord, plan: Plan, *, observed_at: datetime, worker: str, now: datetime
) -> VendorSyncOutcome:
    """The outcome ``writing``: what is about to be written. It settles nothing: its ``through_offset`` is -1."""
    return _outcome(asked, Status.WRITING, record, worker, now).model_copy(
        update={
            "through_offset": -1,
            "changes": plan.changes,
            "left_alone": plan.left_alone,
            "observed_at": observed_at,
        }
    )


def settle(
    row: VendorRow | None, asked: Asked, result: Synced | NotSynced, *, worker: str, now: datetime
) -> Settlement:
    """Fold the result into the row; its record may be newer than the one that was synced."""
    row = row or VendorRow()
    answered = row.through_offset if row.topic_id == asked.topic_id else -1
    row = row.model_copy(
        update={
            "through_offset": max(asked.through_offset, answered),
            "topic_id": asked.topic_id,
            "updated_at": now,
            "next_attempt_at": None,
            "parked": False,
        }
    )
    return (
        _synced(row, asked, result, worker, now)
        if isinstance(result, Synced)
        else _not_synced(row, asked, result, worker, now)
    )


def with_latest_record(row: VendorRow, latest: VendorRow | None) -> VendorRow:
    """The settled row with the record that came in since it was settled."""
    return row if latest is None or latest.record is row.record else row.model_copy(update={"record": latest.record})


def _synced(row: VendorRow, asked: Asked, result: Synced, worker: str, now: datetime) -> Settlement:
    status = Status.UNCHANGED if result.applied is None else Status.UPDATED
    left_alone = result.plan.left_alone + (() if result.applied is None else result.applied.left_alone)
    return Settlement(
        row=row.model_copy(
            update={
                "status": status,
                "delivered": result.plan.delivered if result.applied is None else result.applied.delivered,
                "settled_fingerprint": fingerprint(result.record, result.integration),
                "attempts": 0,
                "failing_since": None,
            }
        ),
        outcome=_outcome(
            asked,
            status,
            result.record,
            worker,
            now,
            changes=result.plan.changes,
            left_alone=left_alone,
            observed_at=result.observed_at,
            calls=result.calls,
        ),
    )


def _not_synced(row: VendorRow, asked: Asked, result: NotSynced, worker: str, now: datetime) -> Settlement:
    next_attempt_at = result.next_step.at if isinstance(result.next_step, RetryAt) else None
    attempts = row.attempts + 1 if result.status is Status.FAILED else row.attempts
    goes_on = isinstance(result.next_step, RetryAt)
    row = row.model_copy(
        update={
            "status": result.status,
            "next_attempt_at": next_attempt_at,
            "parked": result.status is Status.PARKED,
            # What ended otherwise than in another attempt is over: days later, a new trouble has its own 24 hours.
            "attempts": attempts if goes_on else 0,
            "failing_since": (row.failing_since or now) if goes_on else None,
        }
    )
    outcome = _outcome(
        asked,
        result.status,
        result.record,
        worker,
        now,
        reason=result.reason,
        next_attempt_at=next_attempt_at,
        calls=result.calls,
    )
    return Settlement(row=row, outcome=outcome, dead_letter=_dead_letter(attempts, asked, result, now))


def _dead_letter(attempts: int, asked: Asked, result: NotSynced, now: datetime) -> DeadLetter | None:
    code = "gave_up" if isinstance(result.next_step, GiveUp) and result.code is None else result.code
    if code is None:
        return None
    return DeadLetter(
        client_id=asked.key.client_id,
        vendor_id=asked.key.vendor_id,
        run_id=asked.run_id,
        code=code,
        reason=result.reason,
        trace=result.trace,
        topic=VENDOR_SYNC.name,
        partition=asked.partition,
        offset=asked.through_offset,
        key=asked.key.to_bytes(),
        attempts=attempts,
        at=now,
    )


def _outcome(
    asked: Asked, status: Status, record: VendorRecord | None, worker: str, now: datetime, **more: Any
) -> VendorSyncOutcome:
    fields: dict[str, Any] = {
        "client_id": asked.key.client_id,
        "vendor_id": asked.key.vendor_id,
        "provider_id": None if record is None else record.provider_id,
        "status": status,
        "through_offset": asked.through_offset,
        "topic_id": asked.topic_id,
        "run_id": asked.run_id,
        "cause": asked.cause,
        "requested_by": asked.requested_by,
        "attempt": asked.attempt,
        "record_version": None if record is None else record.version,
        "worker": worker,
        "at": now,
    }
    # Every part of it was validated where it came from, and each vendor has two: they are put together without a second look.
    return VendorSyncOutcome.model_construct(**(fields | more))
