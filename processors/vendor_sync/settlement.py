"""From the result of an attempt to the row to keep, the outcome to publish, and a dead letter where no retry will help."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounting.port import Applied, Plan
from accounting.push_fingerprint import fingerprint
from processors.vendor_sync.outcomes import outcome_of
from processors.vendor_sync.retry_policy import GiveUp, RetryAt
from processors.work_queue import VendorSyncTask
from schemas.records.dead_letter import DeadLetter
from schemas.records.integration import Integration
from schemas.records.outcome import LeftAlone, Status, VendorSyncOutcome
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_SYNC

_OF_RECORDS: Final = ("record", "last_version", "record_offset", "stale_records", "trouble")
"""The fields of a row that follow from the vendor's records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """The accounting system agrees with VIVE in all that VIVE owns; ``applied`` is None when nothing was written.

    With a ``rejection``, the reason why the vendor's newest record can't be used, it agrees in the payment hold only.
    """

    record: VendorRecord
    integration: Integration
    plan: Plan
    applied: Applied | None
    observed_at: datetime
    calls: int
    rejection: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSynced:
    """The vendor was not synced. ``next_step`` follows a ``failed`` attempt; ``code`` makes it a dead letter of that kind."""

    status: Status
    reason: str
    record: VendorRecord | None = None
    next_step: RetryAt | GiveUp | None = None
    code: str | None = None
    trace: str | None = None
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Records to persist in this order: outcome and dead letter, then the row; the acknowledgement follows."""

    row: VendorRow
    outcome: VendorSyncOutcome
    dead_letter: DeadLetter | None = None


def settle(
    row: VendorRow | None, task: VendorSyncTask, result: Synced | NotSynced, *, worker: str, now: datetime
) -> Settlement:
    """Fold the result into the row, whose record may be newer than the one that was synced."""
    row = row or VendorRow()
    answered = row.through_offset if row.topic_id == task.topic_id else -1
    row = row.model_copy(
        update={
            "through_offset": max(task.through_offset, answered),
            "topic_id": task.topic_id,
            "updated_at": now,
            "next_attempt_at": None,
            "parked": False,
            # The next good record is pushed whatever it holds.
            "settled_fingerprint": None if row.trouble is not None else row.settled_fingerprint,
        }
    )
    return (
        _synced(row, task, result, worker, now)
        if isinstance(result, Synced)
        else _not_synced(row, task, result, worker, now)
    )


def with_latest_record(row: VendorRow, latest: VendorRow | None) -> VendorRow:
    """The settled row with the records that came in since it was settled."""
    return row if latest is None else row.model_copy(update={name: getattr(latest, name) for name in _OF_RECORDS})


def _synced(row: VendorRow, task: VendorSyncTask, result: Synced, worker: str, now: datetime) -> Settlement:
    if result.rejection is not None:
        return _only_held(row, task, result, result.rejection, worker, now)
    status = Status.UNCHANGED if result.applied is None else Status.UPDATED
    return Settlement(
        row=row.model_copy(
            update={
                "status": status,
                "delivered": result.plan.delivered if result.applied is None else result.applied.delivered,
                "settled_fingerprint": None
                if row.trouble is not None
                else fingerprint(result.record, result.integration),
                "attempts": 0,
                "failing_since": None,
            }
        ),
        outcome=outcome_of(
            task,
            status,
            result.record,
            worker,
            now,
            changes=result.plan.changes,
            left_alone=_left_alone(result),
            observed_at=result.observed_at,
            calls=result.calls,
        ),
    )


def _left_alone(result: Synced) -> tuple[LeftAlone, ...]:
    return result.plan.left_alone + (() if result.applied is None else result.applied.left_alone)


def _only_held(
    row: VendorRow, task: VendorSyncTask, result: Synced, rejection: str, worker: str, now: datetime
) -> Settlement:
    return Settlement(
        row=row.model_copy(
            update={"status": Status.REJECTED, "settled_fingerprint": None, "attempts": 0, "failing_since": None}
        ),
        outcome=outcome_of(
            task,
            Status.REJECTED,
            result.record,
            worker,
            now,
            reason=rejection,
            changes=result.plan.changes,
            left_alone=_left_alone(result),
            observed_at=result.observed_at,
            calls=result.calls,
        ),
    )


def _not_synced(row: VendorRow, task: VendorSyncTask, result: NotSynced, worker: str, now: datetime) -> Settlement:
    next_attempt_at = result.next_step.at if isinstance(result.next_step, RetryAt) else None
    attempts = row.attempts + 1 if result.status is Status.FAILED else row.attempts
    goes_on = isinstance(result.next_step, RetryAt)
    row = row.model_copy(
        update={
            "status": result.status,
            "next_attempt_at": next_attempt_at,
            "parked": result.status is Status.PARKED,
            # Without another attempt the failure is over: a new one, days later, has its own 24 hours.
            "attempts": attempts if goes_on else 0,
            "failing_since": (row.failing_since or now) if goes_on else None,
        }
    )
    outcome = outcome_of(
        task,
        result.status,
        result.record,
        worker,
        now,
        reason=result.reason,
        next_attempt_at=next_attempt_at,
        calls=result.calls,
    )
    return Settlement(row=row, outcome=outcome, dead_letter=_dead_letter(attempts, task, result, now))


def _dead_letter(attempts: int, task: VendorSyncTask, result: NotSynced, now: datetime) -> DeadLetter | None:
    code = "gave_up" if isinstance(result.next_step, GiveUp) and result.code is None else result.code
    if code is None:
        return None
    return DeadLetter(
        client_id=task.key.client_id,
        vendor_id=task.key.vendor_id,
        run_id=task.run_id,
        code=code,
        reason=result.reason,
        trace=result.trace,
        topic=VENDOR_SYNC.name,
        partition=task.partition,
        offset=task.through_offset,
        key=task.key.to_bytes(),
        attempts=attempts,
        at=now,
    )
