"""The path ``/``."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from console.http.guard import Anyone
from console.pages.addresses import Addresses

router: Final = APIRouter()


@router.get("/")
def start(who: Anyone) -> Response:
    """Redirect to the settings page of the person's own client."""
    return RedirectResponse(Addresses(who.client_id).home, status_code=303)
