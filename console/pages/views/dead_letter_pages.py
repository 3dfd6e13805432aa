"""Dead letters, which the page calls syncs put aside: the list, one of them, and trying again."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from starlette.responses import RedirectResponse, Response

from console.auth.principal import Principal
from console.http.guard import Admin
from console.http.problems import Problem, not_found
from console.pages.addresses import Addresses
from console.pages.rendering import Renderer
from console.pages.sentences.attention import ANY_LETTER, LETTERS
from console.pages.views.client_of import title_of
from console.pages.views.listing import LONGEST_CURSOR, PAGE_SIZE
from console.ports import ConsolePorts, DeadLetterUnchangedError
from messaging.producer import KafkaUnavailableError
from schemas.message import Identifier
from schemas.records.dead_letter import LETTER_ID_PATTERN, LetterId

LetterInPath = Annotated[str, InPath(pattern=LETTER_ID_PATTERN)]
NOTE: Final = "Tried again on the page Accounting - Vantaca."


def routes(parts: ConsolePorts, renderer: Renderer) -> APIRouter:
    """The pages, and where the form goes."""
    router = APIRouter()

    @router.get("/dead-letters")
    def listing(
        client: Identifier, who: Admin, cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None
    ) -> Response:
        """Those that are open."""
        try:
            letters = parts.read_model.dead_letters(client, limit=PAGE_SIZE, cursor=cursor)
        except ValueError as error:
            raise Problem(422, "not-valid", "Not valid", str(error)) from error
        return renderer.page(
            "letters.html",
            who=who,
            client_title=title_of(parts.read_model, who),
            to=Addresses(client),
            letters=letters,
            to_do=to_do,
        )

    @router.get("/dead-letters/{letter}")
    def page(client: Identifier, letter: LetterInPath, who: Admin) -> Response:
        """One of them: it is also where one confirms that it is to be tried again."""
        return _show(parts, renderer, who, client, letter)

    @router.post("/dead-letters/{letter}/redrive")
    def redrive(client: Identifier, letter: LetterInPath, who: Admin) -> Response:
        """Try again."""
        try:
            handled = parts.redrive(who, client, LetterId.parse(letter), note=NOTE)
        except DeadLetterUnchangedError as error:
            return _show(parts, renderer, who, client, letter, status=409, trouble=str(error))
        except KafkaUnavailableError as error:
            return _show(parts, renderer, who, client, letter, status=503, trouble=str(error))
        if handled is None:
            raise not_found(f"sync {letter} put aside")
        return RedirectResponse(Addresses(client).redriven(letter), status_code=303)

    return router


def to_do(code: str) -> str:
    """What to do about a dead letter of this code."""
    return LETTERS.get(code, ANY_LETTER)


def _show(
    parts: ConsolePorts,
    renderer: Renderer,
    who: Principal,
    client: str,
    letter: str,
    *,
    status: int = 200,
    trouble: str = "",
) -> Response:
    found = parts.read_model.dead_letter(client, letter)
    if found is None:
        raise not_found(f"sync {letter} put aside")
    line, content = found
    vendor = None if line.vendor_id is None else parts.read_model.vendor(client, line.vendor_id, outcomes=1)
    return renderer.page(
        "letter.html",
        who=who,
        client_title=title_of(parts.read_model, who),
        status=status,
        to=Addresses(client),
        letter=line,
        content=content,
        letter_name=vendor.line.name if vendor is not None else line.vendor_id or f"record {letter}",
        to_do=to_do,
        trouble=trouble,
    )
