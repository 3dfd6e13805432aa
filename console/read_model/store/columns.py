"""The kinds of columns that the read model's tables have."""

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, String, Text

SORTED: Final = String().with_variant(String(collation="C"), "postgresql")
"""Ids and sort keys: sorted by their bytes in UTF-8, also in PostgreSQL, which usually sorts by a language's rules."""


def an_id(name: str, **more: Any) -> Column[str]:
    """A text to search or sort by."""
    return Column(name, SORTED, nullable=False, **more)


def a_number(name: str, *, nullable: bool = False, **more: Any) -> Column[int]:
    """A whole number of 64 bits: an offset, a count, or a time in milliseconds since 1970."""
    return Column(name, BigInteger, nullable=nullable, autoincrement=False, **more)


def a_text(name: str, *, nullable: bool = False) -> Column[str]:
    """A text that is only read."""
    return Column(name, Text, nullable=nullable)


def a_flag(name: str) -> Column[bool]:
    """Yes or no."""
    return Column(name, Boolean, nullable=False)
