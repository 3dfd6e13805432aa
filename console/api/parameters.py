"""Parameters of requests: ids, pages, filters, notes."""

import json
import re
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Path, Query
from starlette.requests import Request

from console.http.problems import InvalidField, Problem, invalid
from console.read_model.store.views import VendorState
from schemas.message import IDENTIFIER_PATTERN
from schemas.records.dead_letter import LETTER_ID_PATTERN

MAX_NOTE_CHARACTERS: Final = 500
ONE_LINE: Final = rf"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{{0,{MAX_NOTE_CHARACTERS}}}$"

ClientId = Annotated[str, Path(pattern=IDENTIFIER_PATTERN, description="The client's id.", examples=["acme"])]
RunId = Annotated[
    str,
    Path(pattern=IDENTIFIER_PATTERN, description="The run's id.", examples=["01978d3c-5a7e-7c11-a0d2-3b1f6f1f0c55"]),
]
VendorId = Annotated[str, Path(pattern=IDENTIFIER_PATTERN, description="The vendor's id.", examples=["v-1001"])]
DeadLetterIdPath = Annotated[
    str, Path(pattern=LETTER_ID_PATTERN, description="The letter's id: partition and offset.", examples=["3-17"])
]
Limit = Annotated[int, Query(ge=1, le=200, description="The most items of a page.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="Where the page begins: `next_cursor` of the one before.")
]
States = Annotated[
    list[VendorState],
    Query(
        alias="state", max_length=20, description="Only vendors in this state; may be repeated.", examples=["failed"]
    ),
]
Search = Annotated[str, Query(alias="q", max_length=200, description="Looked for in name and id.", examples=["roof"])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="Names this press. The same key again within 24 hours is the same press: it has the same run, and is "
        "queued again only if Kafka did not confirm the first.",
        examples=["5f1c7a3e-press"],
    ),
]


def bad_cursor(error: ValueError) -> Problem:
    """A cursor that no page gave."""
    return invalid([InvalidField(where="query.cursor", what=str(error))])


async def note_of(request: Request) -> str:
    """The note of a body ``{"note": ...}``; "" where there is no body. It is read after who may has been answered.

    Raises:
        Problem: 422: it is something else.
    """
    body = await request.body()
    if not body:
        return ""
    try:
        parsed = json.loads(body)
        note = parsed.get("note", "")
    except (ValueError, AttributeError, RecursionError):
        raise invalid([InvalidField(where="body", what="It should be a JSON object.")]) from None
    if not isinstance(note, str) or not _is_one_line(note) or parsed.keys() - {"note"}:
        rule = f"It should be one line of at most {MAX_NOTE_CHARACTERS} characters, and nothing beside it."
        raise invalid([InvalidField(where="body.note", what=rule)])
    return note


def _is_one_line(note: str) -> bool:
    half = any("\ud800" <= character <= "\udfff" for character in note)  # of a pair that no encoding takes
    return not half and re.fullmatch(ONE_LINE, note) is not None


Note = Annotated[str, Depends(note_of)]
NOTE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"note": {"type": "string", "maxLength": MAX_NOTE_CHARACTERS, "pattern": ONE_LINE}},
                    "additionalProperties": False,
                },
                "example": {"note": "The link is mended."},
            }
        },
    }
}
