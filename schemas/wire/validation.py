"""Validation errors as sentences."""

from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

MAX_PROBLEMS: Final = 5
"""The most wrong fields of one record that a sentence names."""


def describe(error: ValidationError, kind: str) -> str:
    """A validation error as one sentence: the wrong fields with reasons, without their values."""
    every = error.errors(include_url=False, include_input=False)
    problems = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'the record'}: {_reason(problem)}"
        for problem in every[:MAX_PROBLEMS]
    )
    more = f"; and {len(every) - MAX_PROBLEMS} more" if len(every) > MAX_PROBLEMS else ""
    return f"Not a valid {kind}: {problems}{more}."


def _reason(problem: ErrorDetails) -> str:
    if problem["type"] == "union_tag_invalid":  # its text quotes the tag
        return f"{problem['ctx']['discriminator']} must be one of {problem['ctx']['expected_tags']}"
    return problem["msg"]
