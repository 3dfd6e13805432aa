"""Dead letters, which the page calls syncs put aside: the list, one of them, and trying again."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from starlette.responses import RedirectResponse, Response

from console.auth.principal import Principal
from console.http.guard import Admin, Ports
from console.http.problems import Problem, not_found
from console.pages.addresses import ACCOUNTING, Addresses
from console.pages.rendering import Pages, Renderer
from console.pages.sentences.attention import OTHER_REMEDY, REMEDIES
from console.pages.views.client_title import title_of
from console.pages.views.listing import LONGEST_CURSOR, PAGE_SIZE
from console.ports import DeadLetterUnchangedError
from console.read_model.queries.read_model import ReadModel
from messaging.producer import KafkaUnavailableError
from schemas.message import Identifier
from schemas.records.dead_letter import LETTER_ID_PATTERN, LetterId

router: Final = APIRouter(prefix=ACCOUNTING)

DeadLetterInPath = Annotated[str, InPath(alias="letter", pattern=LETTER_ID_PATTERN)]
NOTE: Final = "Tried again on the page Accounting - Vantaca."


@router.get("/dead-letters")
def listing(
    client: Identifier,
    who: Admin,
    ports: Ports,
    renderer: Pages,
    cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None,
) -> Response:
    """The open dead letters."""
    with ports.read_model.snapshot() as snapshot:
        title = title_of(snapshot, who)
        try:
            dead_letters = snapshot.dead_letters(client, limit=PAGE_SIZE, cursor=cursor)
        except ValueError as error:
            raise Problem(422, "not-valid", "Not valid", str(error)) from error
    return renderer.page(
        "dead_letters.html", who=who, client_title=title, to=Addresses(client), dead_letters=dead_letters, to_do=to_do
    )


@router.get("/dead-letters/{letter}")
def page(client: Identifier, dead_letter: DeadLetterInPath, who: Admin, ports: Ports, renderer: Pages) -> Response:
    """One dead letter; a person confirms here that it is to be tried again."""
    return _show(ports.read_model, renderer, who, client, dead_letter)


@router.post("/dead-letters/{letter}/redrive")
def redrive(client: Identifier, dead_letter: DeadLetterInPath, who: Admin, ports: Ports, renderer: Pages) -> Response:
    """Try again, and go to the settings page; without success show the dead letter again, with the reason."""
    try:
        handled = ports.redrive(who, client, LetterId.parse(dead_letter), note=NOTE)
    except DeadLetterUnchangedError as error:
        return _show(ports.read_model, renderer, who, client, dead_letter, status=409, trouble=str(error))
    except KafkaUnavailableError as error:
        return _show(ports.read_model, renderer, who, client, dead_letter, status=503, trouble=str(error))
    if handled is None:
        raise not_found(f"sync {dead_letter} put aside")
    return RedirectResponse(Addresses(client).redriven(dead_letter), status_code=303)


def to_do(code: str) -> str:
    """The advice for a dead letter of this code."""
    return REMEDIES.get(code, OTHER_REMEDY)


def _show(
    read_model: ReadModel,
    renderer: Renderer,
    who: Principal,
    client: str,
    dead_letter: str,
    *,
    status: int = 200,
    trouble: str = "",
) -> Response:
    with read_model.snapshot() as snapshot:
        found = snapshot.dead_letter(client, dead_letter)
        if found is None:
            raise not_found(f"sync {dead_letter} put aside")
        line, content = found
        names = {} if line.vendor_id is None else snapshot.vendor_names(client, [line.vendor_id])
        title = title_of(snapshot, who)
    return renderer.page(
        "dead_letter.html",
        who=who,
        client_title=title,
        status=status,
        to=Addresses(client),
        dead_letter=line,
        content=content,
        dead_letter_name=names.get(line.vendor_id or "") or line.vendor_id or f"record {dead_letter}",
        to_do=to_do,
        trouble=trouble,
    )
