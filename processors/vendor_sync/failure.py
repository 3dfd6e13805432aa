"""What follows when a vendor could not be synced."""

import traceback
from dataclasses import dataclass
from datetime import datetime

from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    UnavailableError,
)
from processors.vendor_sync.retry_policy import RetryInMemory, RetryPolicy, next_attempt
from processors.vendor_sync.settlement import NotSynced
from schemas.records.integration import Integration, ineligible_reason
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.systems import display_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSync:
    """A vendor that can be synced: what VIVE says, and how."""

    row: VendorRow
    record: VendorRecord
    provider_id: str
    integration: Integration


def prepare(key: VendorKey, row: VendorRow | None, integration: Integration | None) -> PreparedSync | NotSynced:
    """What the sync of this vendor needs, or why there is nothing to do."""
    refusal = ineligible_reason(key.client_id, integration)
    if integration is None or refusal is not None:
        return NotSynced(status=Status.SKIPPED, reason=refusal or "")
    if row is None or row.record is None:
        return NotSynced(status=Status.SKIPPED, reason=f"VIVE has no data on vendor {key.vendor_id} any more.")
    if row.record.provider_id is None:
        return NotSynced(
            status=Status.SKIPPED,
            record=row.record,
            reason=f"Vendor {key.vendor_id} is not linked to a provider in {display_name(integration.system)}: "
            "link it to have it synced.",
        )
    return PreparedSync(row=row, record=row.record, provider_id=row.record.provider_id, integration=integration)


def judge(
    error: AccountingError, ready: PreparedSync, *, attempt: int, now: datetime, jitter: float, policy: RetryPolicy
) -> RetryInMemory | NotSynced:
    """Decide what follows an accounting system's no. ``attempt`` counts from 1, ``jitter`` is from [0, 1)."""
    record = ready.record
    retry_after: float | None = None
    match error:
        case RejectedError():
            return NotSynced(status=Status.REJECTED, reason=error.sentence, record=record, code="rejected")
        case ProviderMissingError():
            return NotSynced(status=Status.MISSING, reason=error.sentence, record=record, code="missing")
        case CredentialsRefusedError():
            return park(error.sentence, record)
        case UnavailableError():
            retry_after = error.retry_after
        case _:
            pass
    next_step = next_attempt(
        attempt=attempt,
        failures=ready.row.attempts,
        failing_since=ready.row.failing_since,
        retry_after=retry_after,
        now=now,
        jitter=jitter,
        policy=policy,
    )
    if isinstance(next_step, RetryInMemory):
        return next_step
    return NotSynced(status=Status.FAILED, reason=error.sentence, record=record, next_step=next_step)


def credentials_refused(integration: Integration | None) -> str:
    """Why a client is paused, as a sentence."""
    return f"{display_name(integration.system if integration else None)} refuses the credentials of this client."


def park(reason: str, record: VendorRecord | None) -> NotSynced:
    """The client is paused: this vendor waits, and goes on by itself when the client's credentials are accepted."""
    return NotSynced(
        status=Status.PARKED,
        reason=f"{reason} VIVE tries the credentials once a second and goes on by itself when they are accepted.",
        record=record,
    )


def bug(error: Exception, record: VendorRecord) -> NotSynced:
    """An exception that nobody foresaw: a dead letter with the trace, which holds no value of a variable."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    return NotSynced(
        status=Status.FAILED,
        reason=f"VIVE could not sync this vendor: a fault of its own ({type(error).__name__}); its support has the trace.",
        record=record,
        code="bug",
        trace=f"{trace}{type(error).__name__}",
    )
