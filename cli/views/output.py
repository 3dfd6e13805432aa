"""Output of the commands: text for people, or JSON for programs."""

import json
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from rich.console import Console

people = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def fail(sentence: str, *, as_json: bool = False, code: int = 1) -> NoReturn:
    """Print the error and exit."""
    if as_json:
        print_json({"error": sentence})
    else:
        errors.print(sentence, style="bold red", markup=False, soft_wrap=True)
    raise SystemExit(code)
