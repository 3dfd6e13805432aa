"""The settings page and what belongs to it."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from console.http.guard import Anyone
from console.pages.addresses import ACCOUNTING, Addresses
from console.pages.rendering import Renderer
from console.pages.views import dead_letter_pages as letter_pages
from console.pages.views import run_pages, settings_page, vendor_pages
from console.ports import ConsolePorts


def pages(parts: ConsolePorts) -> APIRouter:
    """The pages' routes. Each wants a Client Admin of the client in its path."""
    renderer = Renderer(can_sign_out=True)
    router = APIRouter()

    @router.get("/")
    def start(who: Anyone) -> Response:
        """Go to the page of the person's own client."""
        return RedirectResponse(Addresses(who.client_id).home, status_code=303)

    for part in (settings_page, run_pages, vendor_pages, letter_pages):
        router.include_router(part.routes(parts, renderer), prefix=ACCOUNTING)
    return router
