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
from console.pages import rendering, sign_in_page, start_page
from console.pages.views import dead_letter_pages, run_pages, settings_page, vendor_pages
from console.ports import ConsolePorts

VERSION: Final = "1"
API: Final = (button, runs, progress, vendors, dead_letters, session, health)
PAGES: Final = (sign_in_page, start_page, settings_page, run_pages, vendor_pages, dead_letter_pages)
STATIC: Final = Path(rendering.__file__).parent / "static"


def create_app(ports: ConsolePorts) -> FastAPI:
    """The HTTP interface and the pages, over these ports.

    ``app.state.ports`` and ``app.state.renderer`` are what the routes depend on. ``app.state.progress`` must be closed before
    the server waits for its streams.
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
    app.state.ports = ports
    app.state.renderer = rendering.Renderer()
    app.state.progress = ProgressHub(ports.read_model)
    for module in API:
        app.include_router(module.router)
    app.state.routes = [route for module in API for route in module.router.routes]
    for module in PAGES:
        app.include_router(module.router, include_in_schema=False)
    if ports.sign_in_page is not None:
        app.include_router(ports.sign_in_page, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_handlers(app)
    app.add_middleware(RequestBoundary)
    describe(app)
    return app
