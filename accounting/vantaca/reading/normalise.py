"""Normal forms: two texts that mean the same have the same one. Every function is idempotent."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

ZIP_LENGTH: Final = 5
ZIP_PLUS_FOUR_LENGTH: Final = 9

_AND: Final = re.compile(r"[&+]")
_DROPPED: Final = re.compile(r"['\u2019`.]")
_NO_WORD: Final = re.compile(r"[\W_]+")


def text(value: str) -> str:
    """Trimmed, with single spaces, composed accents and no control characters; upper and lower case are kept."""
    value = " ".join(value.split())
    if value.isascii() and value.isprintable():
        return value
    shown = "".join(letter for letter in value if letter.isprintable())
    return " ".join(unicodedata.normalize("NFC", shown).split())


@lru_cache(maxsize=4096)
def insurance_type(value: str) -> str:
    """``Auto-Liability`` is ``Auto Liability``: case, hyphens, slashes, apostrophes do not matter; ``&`` is ``and``."""
    folded = _DROPPED.sub("", _AND.sub(" and ", text(value).casefold()))
    return " ".join(_NO_WORD.sub(" ", folded).split()) or text(value).casefold()


def policy_number(value: str) -> str:
    """Case and spaces do not matter, nor leading zeros of a plain number, which a numeric ``accountNo`` has lost."""
    number = unicodedata.normalize("NFC", "".join(text(value).split()).casefold())
    if number.isascii() and number.isdigit():
        return number.lstrip("0") or "0"
    return number


def zip_code(value: str) -> str:
    """Spaces, hyphens and case do not matter, nor do leading zeros that a numeric ``zip`` has lost."""
    code = "".join(letter for letter in text(value).upper() if letter.isalnum())
    if code.isascii() and code.isdigit():
        return code.zfill(ZIP_LENGTH if len(code) <= ZIP_LENGTH else ZIP_PLUS_FOUR_LENGTH)
    return code


def state(value: str) -> str:
    """Case does not matter."""
    return text(value).upper()
