"""What handles the records of a topic, one at a time."""

from collections.abc import Callable
from typing import Any

TakeIn = Callable[[Any], None]
"""Accepts a record without waiting; the record is finished later."""
