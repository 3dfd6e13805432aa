"""Dead letters over HTTP."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from console.api.parameters import NOTE_BODY, ClientId, Cursor, DeadLetterIdPath, Limit, Note, bad_cursor
from console.api.responses import PageAnswer, page_of
from console.api.vendor_responses import DeadLetterAnswer, HandledAnswer
from console.auth.principal import Principal
from console.http.guard import Admin, Ports
from console.http.problems import Problem, documented, not_found
from console.ports import DeadLetterHandler, DeadLetterUnchangedError
from schemas.records.dead_letter import LetterId

router: Final = APIRouter(tags=["dead letters"])


@router.get("/clients/{client}/dead-letters", responses=documented(401, 403, 404, 422, 503), summary="The dead letters")
def dead_letters(
    client: ClientId,
    _admin: Admin,
    ports: Ports,
    handled_too: Annotated[bool, Query(alias="all", description="Also those redriven or discarded.")] = False,  # noqa: FBT002 -- a query
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageAnswer[DeadLetterAnswer]:
    """The dead letters of the client, newest first, without the bytes of their records."""
    try:
        page = ports.read_model.dead_letters(client, open_only=not handled_too, limit=limit, cursor=cursor)
    except ValueError as error:
        raise bad_cursor(error) from None
    return page_of(page, DeadLetterAnswer.model_validate)


@router.post(
    "/clients/{client}/dead-letters/{letter}/redrive",
    status_code=202,
    responses=documented(401, 403, 404, 409, 413, 422, 503),
    openapi_extra=NOTE_BODY,
    summary="Redrive a dead letter",
)
def redrive(client: ClientId, admin: Admin, letter: DeadLetterIdPath, ports: Ports, note: Note) -> HandledAnswer:
    """Sync the dead letter's vendor as it is now, or publish the record that could not be read to its topic again."""
    return _handle(ports.redrive, admin, client, letter, note)


@router.post(
    "/clients/{client}/dead-letters/{letter}/discard",
    status_code=202,
    responses=documented(401, 403, 404, 409, 413, 422, 503),
    openapi_extra=NOTE_BODY,
    summary="Discard a dead letter",
)
def discard(client: ClientId, admin: Admin, letter: DeadLetterIdPath, ports: Ports, note: Note) -> HandledAnswer:
    """Discard the dead letter: nothing follows from it, and it is kept."""
    return _handle(ports.discard, admin, client, letter, note)


def _handle(do: DeadLetterHandler, admin: Principal, client: str, letter: str, note: str) -> HandledAnswer:
    try:
        handled = do(admin, client, LetterId.parse(letter), note=note)
    except DeadLetterUnchangedError as error:
        raise Problem(409, "letter-left", "The letter was left as it is", str(error)) from None
    if handled is None:
        raise not_found(f"dead letter {letter} at this client")
    return HandledAnswer(letter_id=str(handled.letter_id), action=handled.action.value, by=handled.by)
