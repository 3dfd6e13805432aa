"""The outcome records of a task."""

from datetime import datetime
from typing import Any

from accounting.port import Plan
from processors.work_queue import VendorSyncTask
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.vendor_record import VendorRecord


def announce(
    task: VendorSyncTask, record: VendorRecord, plan: Plan, *, observed_at: datetime, worker: str, now: datetime
) -> VendorSyncOutcome:
    """Make the outcome ``writing`` with the planned changes. It settles nothing: its ``through_offset`` is -1."""
    return outcome_of(task, Status.WRITING, record, worker, now).model_copy(
        update={
            "through_offset": -1,
            "changes": plan.changes,
            "left_alone": plan.left_alone,
            "observed_at": observed_at,
        }
    )


def outcome_of(
    task: VendorSyncTask, status: Status, record: VendorRecord | None, worker: str, now: datetime, **more: Any
) -> VendorSyncOutcome:
    """Make the outcome of a task; ``more`` are the fields that not every outcome has."""
    fields: dict[str, Any] = {
        "client_id": task.key.client_id,
        "vendor_id": task.key.vendor_id,
        "provider_id": None if record is None else record.provider_id,
        "status": status,
        "through_offset": task.through_offset,
        "topic_id": task.topic_id,
        "run_id": task.run_id,
        "cause": task.cause,
        "requested_by": task.requested_by,
        "attempt": task.attempt,
        "record_version": None if record is None else record.version,
        "worker": worker,
        "at": now,
    }
    # Each vendor has two outcomes, and their parts were validated where they came from: no second validation.
    return VendorSyncOutcome.model_construct(**(fields | more))
