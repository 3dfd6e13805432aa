"""A vendor's page; the panel beside the list shows the same."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from console.http.guard import Admin, Ports
from console.http.problems import not_found
from console.pages.addresses import ACCOUNTING, Addresses
from console.pages.rendering import Pages
from console.pages.sentences.attention import MAX_SEARCHED
from console.pages.views.client_title import client_title
from console.pages.views.comparison import comparison, facts, history, last_settled
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.views import DeadLetterLine
from schemas.message import Identifier

router: Final = APIRouter(prefix=ACCOUNTING)


@router.get("/vendors/{vendor}")
def page(client: Identifier, vendor: Identifier, who: Admin, ports: Ports, renderer: Pages) -> Response:
    """One vendor: VIVE's data beside Vantaca's, what was written and what not and why, and its history."""
    with ports.read_model.snapshot() as snapshot:
        detail = snapshot.vendor(client, vendor)
        view = snapshot.client(client)
        if detail is None or view is None:
            raise not_found(f"vendor {vendor}")
        dead_letter = _open_dead_letter(snapshot, client, vendor) if view.open_dead_letters else None
    return renderer.page(
        "vendor.html",
        who=who,
        client_title=client_title(who, view.integration),
        to=Addresses(client),
        detail=detail,
        settled=last_settled(detail),
        rows=comparison(detail, view.integration),
        facts=facts(detail.record) if detail.record is not None else (),
        history=history(detail),
        dead_letter=dead_letter,
    )


def _open_dead_letter(snapshot: ReadModel, client: str, vendor: str) -> DeadLetterLine | None:
    """The vendor's newest open dead letter, if it is among the client's newest."""
    dead_letters = snapshot.dead_letters(client, limit=MAX_SEARCHED).items
    return next((line for line in dead_letters if line.vendor_id == vendor), None)
