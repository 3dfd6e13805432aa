"""The sandbox without a network: companies, faults and the log of calls."""

import random
from collections.abc import Iterable
from enum import Enum

from accounting.vantaca.sandbox.answer import Answer, CallRefusedError, error_answer, html_page
from accounting.vantaca.sandbox.calls.call import Call
from accounting.vantaca.sandbox.calls.call_log import CallLog
from accounting.vantaca.sandbox.calls.operations import OPERATIONS
from accounting.vantaca.sandbox.faults.fault_book import FaultBook, Strike
from accounting.vantaca.sandbox.faults.faults import Cut, Drop, ErrorAnswer, Garbage, Hang, HtmlPage, Huge
from accounting.vantaca.sandbox.faults.oddities import Oddities
from accounting.vantaca.sandbox.state.company import Company, CompanySettings
from accounting.vantaca.sandbox.state.provider import Provider

MEBIBYTE = 1024 * 1024
_PLAIN_ODDITIES = Oddities()


class Transmission(Enum):
    """The way in which an answer is sent: whole, not at all, never, its first half, or as bytes that are no HTTP."""

    WHOLE = "whole"
    DROPPED = "dropped"
    HUNG = "hung"
    CUT = "cut"
    GARBLED = "garbled"


class Sandbox:
    """A Vantaca without a network: companies by name, faults in force, and the log of calls.

    All of it may be read and changed at any time, also while calls are under way.
    Not thread-safe: when a server runs it, change it on that server's loop or over the admin paths.
    """

    def __init__(self, seed: int = 0, *, log_capacity: int = 200_000) -> None:
        """`seed` decides every draw of the faults; `log_capacity` is how many calls are kept in full."""
        self.companies: dict[str, Company] = {}
        self.faults = FaultBook(random.Random(seed))  # noqa: S311 - draws of a test tool, meant to repeat
        self.call_log = CallLog(log_capacity)

    def add_company(self, settings: CompanySettings, providers: Iterable[Provider] = ()) -> Company:
        """Add a company. It replaces one of the same name. Raise ValueError for contradictory rows."""
        company = Company(settings, providers)
        self.companies[settings.company] = company
        return company

    def respond(self, call: Call, strike: Strike) -> tuple[Answer, Transmission]:
        """The answer to a call under the faults that struck it, and how to send it. The caller waits for the delay."""
        fault = strike.fault
        match fault:
            case None | Cut():
                return self.perform(call), Transmission.CUT if fault is not None else Transmission.WHOLE
            case ErrorAnswer(after_write=True) | Drop(after_write=True) | Hang(after_write=True):
                self.perform(call)
        match fault:
            case Drop():
                return Answer(), Transmission.DROPPED
            case Hang():
                return Answer(), Transmission.HUNG
            case Garbage():
                return Answer(), Transmission.GARBLED
        return self._fault_answer(call, strike), Transmission.WHOLE

    def perform(self, call: Call) -> Answer:
        """Carry out a call, faults aside."""
        try:
            return self._perform(call)
        except CallRefusedError as refusal:
            return self._error(call, refusal.status, refusal.reason)

    def _perform(self, call: Call) -> Answer:
        if call.method == "POST" and not call.sized:
            raise CallRefusedError(411, "Length Required")
        method, operation = OPERATIONS.get(call.path, ("", None))
        if operation is None:
            raise CallRefusedError(404, "The resource cannot be found.")
        if call.method != method:
            raise CallRefusedError(405, "The requested resource does not support this http method.")
        company = self.companies.get(call.company)
        admitted = company is not None and company.admits(
            login=call.login, pwd=call.pwd, authorization=call.authorization
        )
        if company is None or not admitted:
            raise CallRefusedError(403, "Authentication failed")
        if not call.body_readable:
            raise CallRefusedError(400, "Invalid JSON primitive")
        return operation(company, call.parameters)

    def _fault_answer(self, call: Call, strike: Strike) -> Answer:
        match strike.fault:
            case HtmlPage(message=message):
                return Answer(body=html_page(message), media_type="text/html; charset=utf-8")
            case Huge(mebibytes=size):
                return Answer(body=b" " * (size * MEBIBYTE), media_type="application/json; charset=utf-8")
            case ErrorAnswer(status=status, reason=reason, retry_after_seconds=seconds):
                return self._error(call, status, reason, retry_after=seconds)
            case _:
                return self._error(call, 429, "Too Many Requests", retry_after=strike.retry_after)

    def _error(self, call: Call, status: int, reason: str, *, retry_after: int | None = None) -> Answer:
        company = self.companies.get(call.company)
        oddities = company.settings.oddities if company is not None else _PLAIN_ODDITIES
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return error_answer(status, reason, media_type=oddities.error_type, headers=headers)
