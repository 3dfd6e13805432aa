"""Single values of Vantaca's JSON, read tolerantly: recorded answers of a production client differ by record."""

import math
import re
from datetime import date
from typing import Any, Final

from schemas.errors import ViveSyncError

_ISO_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_AMERICAN_DATE: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
_ID: Final = re.compile(r"[0-9]{1,18}")
_TRUE: Final = frozenset({"true", "1", "yes", "y"})
_FALSE: Final = frozenset({"false", "0", "no", "n"})
_ZIP_LENGTH: Final = 5


class UnreadableError(ViveSyncError, ValueError):
    """A value that is not of the kind that was expected. The text names the kind, never the value."""


def read_text(value: Any) -> str:
    """A text, trimmed, without half characters; a number as its digits, null as empty.

    JSON can hold one half of a UTF-16 pair; no outcome and no call can.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return (value if value.isascii() else value.encode(errors="ignore").decode()).strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, float):
        return _digits(int(value)) if math.isfinite(value) and value.is_integer() else str(value)
    raise UnreadableError("a text was expected")


def read_zip(value: Any) -> str:
    """A postal code; a number gets back the zeros it lost: 2134 is ``02134``."""
    code = read_text(value)
    if code.isascii() and code.isdigit() and len(code) < _ZIP_LENGTH:
        return code.zfill(_ZIP_LENGTH)
    return code


def read_id(value: Any) -> str:
    """An id, which is an int in some answers and a text in others, as digits without leading zeros.

    Raises:
        UnreadableError: it is neither.
    """
    digits = "" if isinstance(value, bool) else read_text(value)
    if _ID.fullmatch(digits) is None:
        raise UnreadableError("an id was expected")
    return digits.lstrip("0") or "0"


def read_bool(value: Any) -> bool | None:
    """True or false as JSON, text or number has it; None for null and an empty text."""
    if value is None or isinstance(value, bool):
        return value
    word = read_text(value).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    if not word:
        return None
    raise UnreadableError("true or false was expected")


def read_date(value: Any) -> date | None:
    """The day of a date or date-time as written, whatever its time and zone; None where there is none that can be read.

    ``2022-03-25T04:00:00`` is 25 March 2022. .NET's earliest date, 1 January of year 1, stands for none.
    """
    words = read_text(value)
    try:
        if match := _ISO_DATE.match(words):
            day = date(int(match[1]), int(match[2]), int(match[3]))
        elif match := _AMERICAN_DATE.match(words):
            day = date(int(match[3]), int(match[1]), int(match[2]))
        else:
            return None
    except ValueError:
        return None
    return None if day == date.min else day


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:
        raise UnreadableError("a number of a sensible size was expected") from None
