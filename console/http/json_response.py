"""JSON that no browser takes for HTML, whatever a vendor's name holds."""

import json
from typing import Any, Final

from starlette.responses import JSONResponse

_ESCAPES: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def to_json(value: Any) -> bytes:
    """The value as JSON; ``<``, ``>`` and ``&``, which occur only in strings, are escaped."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPES).encode()


class JsonAnswer(JSONResponse):
    """Any JSON answer of ours."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return to_json(content)
