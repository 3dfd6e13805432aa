"""A vendor's page; the panel beside the list shows the same."""

from fastapi import APIRouter
from starlette.responses import Response

from console.http.guard import Admin
from console.http.problems import not_found
from console.pages.addresses import Addresses
from console.pages.rendering import Renderer
from console.pages.sentences.attention import LOOKED_THROUGH
from console.pages.views.client_of import client_title
from console.pages.views.comparison import comparison, facts, history, last_settled
from console.ports import ConsolePorts
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.views import DeadLetterLine
from schemas.message import Identifier


def routes(parts: ConsolePorts, renderer: Renderer) -> APIRouter:
    """The page."""
    router = APIRouter()

    @router.get("/vendors/{vendor}")
    def page(client: Identifier, vendor: Identifier, who: Admin) -> Response:
        """What VIVE says, what Vantaca held, what was written and why not, and what happened before."""
        detail = parts.read_model.vendor(client, vendor)
        view = parts.read_model.client(client)
        if detail is None or view is None:
            raise not_found(f"vendor {vendor}")
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
            letter=_open_letter(parts.read_model, client, vendor) if view.open_dead_letters else None,
        )

    return router


def _open_letter(read_model: ReadModel, client: str, vendor: str) -> DeadLetterLine | None:
    """The vendor's newest open dead letter, if it is among the client's newest."""
    letters = read_model.dead_letters(client, limit=LOOKED_THROUGH).items
    return next((line for line in letters if line.vendor_id == vendor), None)
