"""Vantaca as an accounting system: reads providers, makes the calls of a plan, and reads back."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from accounting.credentials import CredentialsFolder
from accounting.errors import AccountingError, ProviderMissingError, RejectedError, UnavailableError
from accounting.port import Applied, BeforeWrite, Observed, Plan, at_once
from accounting.vantaca.http.answer import NO_CONTENT, OK, Answer, check_write, error_of
from accounting.vantaca.http.api import BULK_TIMEOUT_FACTOR, LARGE_BODY, SMALL_BODY, ApiRequest, VantacaApi
from accounting.vantaca.planning.calls import Call, CreateInsurance, UpdateProvider
from accounting.vantaca.planning.plan import make_plan
from accounting.vantaca.planning.readback import not_stored, rows_gone, with_ids
from accounting.vantaca.reading.provider import Provider
from accounting.vantaca.reading.reader import ProvidersRead, read_json, read_provider, read_providers
from schemas.records.integration import Integration
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered

READ_ALL = "/read/provider"
READ_ONE = "/read/providerSingle"


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Vantaca:
    """Implements ``accounting.port.AccountingSystem`` for all clients; close it on the loop that used it.

    ``now`` is the clock that its caller plans by.
    """

    def __init__(self, credentials: CredentialsFolder, *, now: Callable[[], datetime] = utc_now) -> None:
        self._api = VantacaApi(credentials)
        self._now = now

    async def observe_all(self, integration: Integration) -> Mapping[str, Observed]:
        """Every provider that could be read, in one call. One that is missing here may exist: read it with ``observe_one``.

        Raises:
            AccountingError: the call failed, or its answer can't be read.
        """
        at = self._now()
        doing = "reading all providers"
        request = ApiRequest(
            method="GET",
            path=READ_ALL,
            parameters=(("includeInsurance", True),),
            doing=doing,
            limit=LARGE_BODY,
            timeout_factor=BULK_TIMEOUT_FACTOR,
        )
        answer = await self._api.call(integration, request)
        if answer.status == NO_CONTENT:
            return ProvidersRead({}, at)
        error = _read_error(answer, doing)
        if isinstance(error, ProviderMissingError):
            error = RejectedError(f"Vantaca does not know the call at {doing}: check the base address.")
        if error is not None:
            raise error
        return read_providers(read_json(answer.body, limit=LARGE_BODY), at)

    async def observe_one(self, integration: Integration, provider_id: str) -> Observed:
        """One provider.

        Raises:
            ProviderMissingError: there is none of this id.
            AccountingError: the call failed, or its answer can't be read.
        """
        number = _provider_number(provider_id)
        doing = f"reading provider {number}"
        at = self._now()
        request = ApiRequest(
            method="GET",
            path=READ_ONE,
            parameters=(("providerID", number), ("includeInsurance", True)),
            doing=doing,
        )
        answer = await self._api.call(integration, request)
        if error := _read_error(answer, doing):
            raise error
        if answer.status == NO_CONTENT:
            raise _missing(number)
        provider = read_provider(_only(read_json(answer.body, limit=SMALL_BODY), number))
        if provider.provider_id != str(number):
            raise UnavailableError(f"Vantaca answered with another provider at {doing}.")
        return Observed(provider_id=provider.provider_id, provider=provider, at=at)

    def plan(
        self, record: VendorRecord, observed: Observed, integration: Integration, delivered: Delivered, now: datetime
    ) -> Plan:
        """Decide what to write; see ``accounting.vantaca.planning.plan``."""
        return make_plan(record, observed, integration, delivered, now)

    async def apply(self, integration: Integration, plan: Plan, *, before_write: BeforeWrite = at_once) -> Applied:
        """Make the calls, and read the provider back once where their answers are not enough.

        That is after insurance writes, which return no id and may drop a date, and after 204, which may mean that there
        is no such provider.

        Raises:
            ValueError: the plan needs a fresh observation.
            ProviderMissingError: the provider is gone.
            UnavailableError: a call failed for now, or a row to update is gone. Those before it were made.
            AccountingError: a call failed. Those before it were made.
        """
        if plan.requires_fresh_observation:
            raise ValueError("a plan that needs a fresh observation is never applied")
        doubtful = False
        for call in plan.calls:
            await before_write()
            status = await self._write(integration, call)
            doubtful = doubtful or status == NO_CONTENT or not isinstance(call, UpdateProvider)
        if not doubtful:
            return Applied(delivered=plan.delivered, calls=len(plan.calls))
        provider: Provider = (await self.observe_one(integration, plan.provider_id)).provider
        if rows_gone(plan.calls, provider):
            raise _row_gone(plan.provider_id)
        return Applied(
            delivered=with_ids(plan.delivered, provider),
            left_alone=not_stored(plan.calls, provider),
            calls=len(plan.calls) + 1,
        )

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        await self._api.aclose()

    async def _write(self, integration: Integration, call: Call) -> int:
        doing = _doing(call)
        request = ApiRequest(method="POST", path=call.PATH, parameters=call.parameters(), doing=doing)
        answer = await self._api.call(integration, request)
        try:
            check_write(answer, doing)
        except ProviderMissingError:
            if isinstance(call, UpdateProvider | CreateInsurance):
                raise
            gone = _row_gone(call.provider_id)
        else:
            return answer.status
        raise gone


def _doing(call: Call) -> str:
    match call:
        case UpdateProvider():
            return f"updating provider {call.provider_id}"
        case CreateInsurance():
            return f"adding insurance to provider {call.provider_id}"
        case _:
            return f"updating insurance row {call.insurance_id} of provider {call.provider_id}"


def _read_error(answer: Answer, doing: str) -> AccountingError | None:
    error = error_of(answer, doing)
    if error is None and answer.status not in {OK, NO_CONTENT}:
        return UnavailableError(f"Vantaca answered {doing} with {answer.status}, which is no answer to a read.")
    return error


def _only(answer: Any, number: int) -> Any:
    """The provider of a single read, also where it comes in an array; null and [] mean that there is none."""
    if isinstance(answer, list) and len(answer) == 1:
        return answer[0]
    if answer is None or answer == []:
        raise _missing(number)
    return answer


def _provider_number(provider_id: str) -> int:
    if not (provider_id.isascii() and provider_id.isdigit()):
        raise RejectedError(f"{provider_id} is not a number, as Vantaca's provider ids are: mend the vendor's link.")
    return int(provider_id)


def _row_gone(provider_id: str) -> UnavailableError:
    return UnavailableError(f"An insurance row of provider {provider_id} is gone: VIVE plans anew.")


def _missing(number: int) -> ProviderMissingError:
    return ProviderMissingError(f"There is no provider {number} in Vantaca: mend the vendor's link in VIVE.")
