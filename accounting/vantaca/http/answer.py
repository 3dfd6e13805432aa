"""An answer of Vantaca's, and the error that its status means. Pure; no sentence holds an address or a credential."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)

REASON_LENGTH: Final = 300
"""The most characters of a reason phrase that are shown."""
LONGEST_RETRY_AFTER: Final = 86_400.0
"""Seconds; a longer Retry-After is cut to it."""

OK: Final = 200
NO_CONTENT: Final = 204
_FIRST_REDIRECT: Final = 300
_FIRST_REFUSAL: Final = 400
_REFUSED_CREDENTIALS: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404
_TOO_SLOW: Final = 408
_TOO_MANY: Final = 429
_FIRST_FAILURE: Final = 500

_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://\S*", re.IGNORECASE)
_QUERY: Final = re.compile(r"\b(?:company|login|pwd)=\S*", re.IGNORECASE)
_SHORTEST_SECRET: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, cleaned reason phrase, body (of a success) and the seconds of Retry-After, where there was one."""

    status: int
    reason: str = ""
    body: bytes = b""
    retry_after: float | None = None


def clean_reason(reason: str, secrets: Iterable[str] = ()) -> str:
    """A reason phrase for a person: one line, at most 300 characters, without addresses and without these secrets.

    The case of secrets does not count: .NET quotes with small letters.
    Vantaca puts the reason of a refusal into it (recorded answers of a production client).
    """
    words = _QUERY.sub("***", _ADDRESS.sub("***", reason))
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            words = re.sub(re.escape(secret), "***", words, flags=re.IGNORECASE)
    words = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(words.split())[:REASON_LENGTH].rstrip()


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, from a number of seconds or an HTTP date; None where the header is absent or can't be read."""
    if value is None:
        return None
    words = value.strip()
    if words.isascii() and words.isdigit():
        return min(float(words[:9]), LONGEST_RETRY_AFTER)
    try:
        seconds = (parsedate_to_datetime(words) - now).total_seconds()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def error_of(answer: Answer, doing: str) -> AccountingError | None:
    """The error that a status means; None for 2xx. ``doing`` names the call, such as ``updating provider 12``."""
    status = answer.status
    if OK <= status < _FIRST_REDIRECT:
        return None
    status_line = f"{status} {answer.reason}".rstrip()
    if status == _TOO_MANY:
        return ThrottledError(
            f"Vantaca asked for fewer calls ({status_line}) at {doing}.", retry_after=answer.retry_after
        )
    if status in _REFUSED_CREDENTIALS:
        return CredentialsRefusedError(
            f"Vantaca refused the credentials ({status_line}) at {doing}: check company, login and password, "
            "and that this machine's address is on Vantaca's allow list."
        )
    if status == _NOT_FOUND:
        return ProviderMissingError(
            f"Vantaca does not know the provider ({status_line}) at {doing}: mend the vendor's link."
        )
    if _FIRST_REFUSAL <= status < _FIRST_FAILURE and status != _TOO_SLOW:
        return RejectedError(f"Vantaca refused {doing}: {status_line}.")
    return _unavailable(answer, status_line, doing)


def _unavailable(answer: Answer, status_line: str, doing: str) -> UnavailableError:
    if answer.status >= _FIRST_REFUSAL:
        return UnavailableError(f"Vantaca failed ({status_line}) at {doing}.", retry_after=answer.retry_after)
    return UnavailableError(
        f"Vantaca answered {doing} with {status_line}, a redirect or an unfinished answer, which VIVE does not follow: "
        "check the base address of the integration."
    )


def check_write(answer: Answer, doing: str) -> None:
    """Make sure that a write was done: its answer is empty or JSON (Vantaca's OpenAPI 3.8.0), never a page.

    Raises:
        AccountingError: it was not, or the answer does not show it.
    """
    error = error_of(answer, doing)
    if error is None and not _empty_or_json(answer.body):
        error = UnavailableError(
            f"The answer to {doing} was a page, not Vantaca's: nothing may have been written. "
            "A proxy or a login page may stand before Vantaca; VIVE reads before it tries again."
        )
    if error is not None:
        raise error


def _empty_or_json(body: bytes) -> bool:
    if not body.strip():
        return True
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
