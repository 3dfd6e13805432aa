from datetime import timedelta

import pytest

from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from processors.vendor_sync.failure import bug, credentials_refused, judge
from processors.vendor_sync.preparation import PreparedSync
from processors.vendor_sync.retry_policy import ATTEMPTS_IN_MEMORY, GiveUp, RetryAt, RetryInMemory, RetryPolicy
from processors.vendor_sync.settlement import NotSynced
from schemas.records.outcome import Status
from schemas.records.vendor_row import VendorRow
from tests.support.messages import NOW, integration, vendor_record

RECORD = vendor_record()
CLIENT = integration()
PASSING = [
    UnavailableError("Vantaca did not answer."),
    ThrottledError("Vantaca asked for fewer calls."),
    AccountingError("Something else."),
]
passing = pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)


def ready(**fields: object) -> PreparedSync:
    row = VendorRow.model_validate({"record": RECORD, **fields})
    return PreparedSync(row=row, record=RECORD, provider_id="17", in_force=CLIENT, integration=CLIENT)


def judged(error: AccountingError, *, attempt: int = 1, of: PreparedSync | None = None) -> RetryInMemory | NotSynced:
    return judge(error, of or ready(), attempt=attempt, now=NOW, jitter=0.5, policy=RetryPolicy())


@passing
def test_a_passing_trouble_is_tried_again_soon_and_then_later(error: AccountingError) -> None:
    soon = [judged(error, attempt=attempt) for attempt in range(1, ATTEMPTS_IN_MEMORY)]
    assert soon == [RetryInMemory(0.5), RetryInMemory(1.0), RetryInMemory(2.0), RetryInMemory(4.0)]
    assert judged(error, attempt=ATTEMPTS_IN_MEMORY) == NotSynced(
        status=Status.FAILED, reason=error.sentence, record=RECORD, next_step=RetryAt(NOW + timedelta(minutes=2))
    )


@passing
def test_a_trouble_that_does_not_pass_within_a_day_is_given_up(error: AccountingError) -> None:
    failing = ready(attempts=9, failing_since=NOW - timedelta(hours=24))
    result = judged(error, attempt=ATTEMPTS_IN_MEMORY, of=failing)
    assert result == NotSynced(status=Status.FAILED, reason=error.sentence, record=RECORD, next_step=GiveUp())


@pytest.mark.parametrize("kind", [UnavailableError, ThrottledError])
def test_retry_after_is_obeyed(kind: type[UnavailableError]) -> None:
    assert judged(kind("Not now.", retry_after=20.0)) == RetryInMemory(20.0)
    result = judged(kind("Not now.", retry_after=1000.0))
    assert isinstance(result, NotSynced)
    assert result.next_step == RetryAt(NOW + timedelta(seconds=1000))


@pytest.mark.parametrize("attempt", [1, ATTEMPTS_IN_MEMORY])
def test_refused_data_is_rejected_without_a_retry(attempt: int) -> None:
    error = RejectedError("Vantaca refused the update: bad date.")
    assert judged(error, attempt=attempt) == NotSynced(
        status=Status.REJECTED, reason=error.sentence, record=RECORD, code="rejected"
    )


@pytest.mark.parametrize("attempt", [1, ATTEMPTS_IN_MEMORY])
def test_a_provider_that_is_gone_is_missing_without_a_retry(attempt: int) -> None:
    error = ProviderMissingError("Provider 17 is not there.")
    assert judged(error, attempt=attempt) == NotSynced(
        status=Status.MISSING, reason=error.sentence, record=RECORD, code="missing"
    )


def test_refused_credentials_park_the_vendor_and_are_no_dead_letter() -> None:
    result = judged(CredentialsRefusedError("Vantaca refused the credentials."))
    assert isinstance(result, NotSynced)
    assert result.status is Status.PARKED
    assert result.reason.startswith("Vantaca refused the credentials.")
    assert result.code is None


def test_later_grows_with_the_failures_of_the_row() -> None:
    pauses = []
    for failures in range(5):
        result = judged(PASSING[0], attempt=ATTEMPTS_IN_MEMORY, of=ready(attempts=failures))
        assert isinstance(result, NotSynced)
        assert isinstance(result.next_step, RetryAt)
        pauses.append(result.next_step.at - NOW)
    assert pauses == sorted(set(pauses))


def test_a_bug_is_a_dead_letter_whose_trace_holds_places_and_no_values() -> None:
    secret = "hunter2"  # noqa: S105 -- it must turn up nowhere

    def fail() -> None:
        raise ZeroDivisionError(secret)

    with pytest.raises(ZeroDivisionError) as caught:
        fail()
    result = bug(caught.value, RECORD)
    assert (result.status, result.code, result.next_step) == (Status.FAILED, "bug", None)
    assert "ZeroDivisionError" in result.reason
    assert result.trace is not None
    assert "in fail" in result.trace
    assert secret not in result.reason + result.trace


def test_the_reason_of_a_pause_names_the_accounting_system_of_the_client() -> None:
    assert credentials_refused(integration()) == "Vantaca refuses the credentials of this client."
    assert credentials_refused(None) == "The accounting system refuses the credentials of this client."
