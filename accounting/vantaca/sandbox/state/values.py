"""Values of the parameters of a call, converted as Vantaca converts them."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

from accounting.vantaca.sandbox.answer import CallRefusedError

Parameters = Mapping[str, object]
"""The data of one call by lower-case name: text from the query string, JSON values from a body."""

_INT = re.compile(r"[+-]?[0-9]{1,10}")
_INT_LIMIT = 2**31
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?")
_US_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def given(parameters: Parameters, name: str) -> bool:
    """Whether a parameter was sent at all; a JSON null counts as not sent, an empty string as sent."""
    return parameters.get(name.lower()) is not None


def text_of(parameters: Parameters, name: str, *, longest: int | None = None) -> str:
    """The parameter as text, blank when it is absent. A longer one, or a JSON array or object, is a 400."""
    value = parameters.get(name.lower())
    if value is None:
        return ""
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise CallRefusedError(400, f"Invalid value for parameter {name}")
    text = str(value)
    if longest is not None and len(text) > longest:
        raise CallRefusedError(400, f"{name} must not be longer than {longest} characters")
    return text


def required_text(parameters: Parameters, name: str) -> str:
    """The parameter as text; a 400 when it is absent or blank."""
    text = text_of(parameters, name)
    if not text.strip():
        raise CallRefusedError(400, f"Missing required parameter {name}")
    return text


def int_of(parameters: Parameters, name: str) -> int | None:
    """The parameter as a 32-bit whole number, None when it is absent or blank; anything else is a 400."""
    text = text_of(parameters, name).strip()
    if not text:
        return None
    if not _INT.fullmatch(text) or not -_INT_LIMIT <= int(text) < _INT_LIMIT:
        raise CallRefusedError(400, f"Invalid value for parameter {name}")
    return int(text)


def required_int(parameters: Parameters, name: str) -> int:
    """The parameter as a whole number; a 400 when it is absent, blank or something else."""
    value = int_of(parameters, name)
    if value is None:
        raise CallRefusedError(400, f"Missing required parameter {name}")
    return value


def flag_of(parameters: Parameters, name: str) -> bool:
    """The parameter as `true` or `false` in any case, false when it is absent or blank; anything else is a 400."""
    text = text_of(parameters, name).strip().lower()
    if text not in {"", "true", "false"}:
        raise CallRefusedError(400, f"Invalid value for parameter {name}")
    return text == "true"


def date_of(parameters: Parameters, name: str) -> date | None:
    """The parameter as a date. What is no date silently becomes None (Vantaca's OpenAPI 3.8.0).

    A time with an offset is the date in UTC, the zone that recorded answers appear to be in.
    """
    text = text_of(parameters, name).strip()
    try:
        if us_form := _US_DATE.fullmatch(text):
            month, day, year = map(int, us_form.groups())
            return date(year, month, day)
        if _ISO_DATE.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None
    return None
