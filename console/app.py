"""The console as an ASGI application."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from console.api import button, dead_letters, health, progress, runs, session, vendors
from console.api.description import ABOUT, describe
from console.api.progress_hub import ProgressHub
from console.error_handlers import add_handlers
from console.http.json_response import JsonAnswer
from console.http.request_boundary import RequestBoundary
from console.pages import router as page_router
from console.pages.router import pages
from console.pages.sign_in_page import sign_in_pages
from console.ports import ConsolePorts

VERSION: Final = "1"
PARTS: Final = (button, runs, progress, vendors, dead_letters, session, health)
STATIC: Final = Path(page_router.__file__).parent / "static"


def create_app(parts: ConsolePorts) -> FastAPI:
    """The HTTP interface and the pages, over these parts.

    ``app.state.parts`` are the parts, and ``app.state.progress`` is what to close before the server waits for its streams.
    """
    app = FastAPI(
        title="Sync All Vendors",
        version=VERSION,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=JsonAnswer,
    )
    app.state.parts = parts
    app.state.progress = ProgressHub(parts.read_model)
    for part in PARTS:
        app.include_router(part.router)
    app.state.routes = [route for part in PARTS for route in part.router.routes]
    app.include_router(sign_in_pages(parts.local_sign_in))
    app.include_router(pages(parts), include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_handlers(app)
    app.add_middleware(RequestBoundary)
    describe(app)
    return app
