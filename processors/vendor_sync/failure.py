"""From an error of an attempt to the result: retry, reject, park or give up."""

import traceback
from datetime import datetime

from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    UnavailableError,
)
from processors.vendor_sync.preparation import PreparedSync, wait_for_integration
from processors.vendor_sync.retry_policy import RetryInMemory, RetryPolicy, next_attempt
from processors.vendor_sync.settlement import NotSynced
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration, ineligible_reason
from schemas.records.outcome import Status
from schemas.records.vendor_record import VendorRecord
from schemas.systems import display_name


def judge(
    error: AccountingError, ready: PreparedSync, *, attempt: int, now: datetime, jitter: float, policy: RetryPolicy
) -> RetryInMemory | NotSynced:
    """Decide the result of an accounting system's error. ``attempt`` counts from 1, ``jitter`` is from [0, 1)."""
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
    """The reason of a pause for refused credentials, as a sentence."""
    return f"{display_name(integration.system if integration else None)} refuses the credentials of this client."


def park(reason: str, record: VendorRecord | None) -> NotSynced:
    """Park a vendor of a paused client: it waits, and is queued again when the client's credentials are accepted."""
    return NotSynced(
        status=Status.PARKED,
        reason=f"{reason} VIVE tries the credentials once a second and goes on by itself when they are accepted.",
        record=record,
    )


def pause_reason(client_id: str, integration: KnownIntegration) -> str:
    """Why a client is paused, as a sentence."""
    if isinstance(integration, UnreadableIntegration):
        return ineligible_reason(client_id, integration) or ""
    return credentials_refused(integration)


def park_waiting(client_id: str, integration: KnownIntegration) -> NotSynced:
    """Park a vendor that waits in the queue while its client is paused."""
    if isinstance(integration, UnreadableIntegration):
        return wait_for_integration(client_id, integration, None)
    return park(credentials_refused(integration), None)


def bug(error: Exception, record: VendorRecord) -> NotSynced:
    """Make an unexpected exception a dead letter with the trace, which holds no value of a variable."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    return NotSynced(
        status=Status.FAILED,
        reason=f"VIVE could not sync this vendor: a fault of its own ({type(error).__name__}); its support has the trace.",
        record=record,
        code="bug",
        trace=f"{trace}{type(error).__name__}",
    )
