"""Translates VIVE's values into Vantaca's. No function returns an empty text for a value that is present."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from accounting.vantaca.reading import normalise

HOLD_REASON_LENGTH: Final = 255
"""The most characters of ``onHoldReason`` (the AP schema of Vantaca's OpenAPI 3.8.0)."""
LARGEST_STREET_NUMBER: Final = 2**31 - 1
"""``streetNo`` is declared an int."""
EARLIEST_YEAR: Final = 1900
LATEST_YEAR: Final = 2200

DEFAULT_HOLD_REASON: Final = "Payment hold placed by VIVE"
RELEASE_TEXTS: Final = ("Released by VIVE", "Payment hold released", "No hold", "-", "0")

_NUMBER_AND_STREET: Final = re.compile(r"([1-9][0-9]*) (\S.*)")


def status_text(word: str, texts: Mapping[str, str]) -> str:
    """Vantaca's ``complianceStatus`` for a word of ``integration.status_texts``; empty where none is configured."""
    return normalise.text(texts.get(word, ""))


def hold_reason(marker: str, reason: str) -> str:
    """The value of ``onHoldReason`` for a hold: the marker, a space and the reason, cut to the length that Vantaca stores.

    Characters are counted as .NET counts them (UTF-16 units), and none is cut in two.
    """
    text = f"{marker} {normalise.text(reason) or DEFAULT_HOLD_REASON}"[:HOLD_REASON_LENGTH]
    while not text.isascii() and len(text.encode("utf-16-le")) // 2 > HOLD_REASON_LENGTH:
        text = text[:-1]
    return text.rstrip()


def release_text(marker: str) -> str:
    """The value of ``onHoldReason`` at a release: never empty, and without the marker."""
    return next(words for words in RELEASE_TEXTS if marker not in words)


def street_parts(street: str) -> tuple[int, str] | None:
    """``streetNo`` and ``address1`` of a street that begins with a plain number: 123, ``Main St``.

    None where it does not (``12A Main St``, ``12-14 Main St``, ``PO Box 9``, ``0123 Main St``): such a street goes
    whole into ``address1``, for ``streetNo`` is an int and would lose a part of it.
    """
    match = _NUMBER_AND_STREET.fullmatch(normalise.text(street))
    if match is None or int(match[1][:11]) > LARGEST_STREET_NUMBER:
        return None
    return int(match[1]), match[2]


def insurance_type(policy_type: str, types: Mapping[str, str]) -> str:
    """The accounting system's insurance type of a VIVE policy type: as configured, else the same text."""
    named = types.get(policy_type)
    if named is None and types:
        kind = normalise.insurance_type(policy_type)
        named = next((types[known] for known in sorted(types) if normalise.insurance_type(known) == kind), None)
    return normalise.text(named or "") or normalise.text(policy_type)


def date_fits(day: date) -> bool:
    """Whether Vantaca can hold this date: it turns an invalid one into an empty field without an error."""
    return EARLIEST_YEAR <= day.year <= LATEST_YEAR
