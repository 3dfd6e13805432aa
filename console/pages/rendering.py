"""Renders pages from the templates."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from console.auth.principal import Principal
from console.pages.sentences import run_words
from console.pages.sentences.words import STATES, caused_by, counted

TEMPLATES: Final = Path(__file__).parent / "templates"


def iso(at: datetime) -> str:
    """A time as programs read it, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def day_and_time(at: datetime) -> str:
    """A time as people read it, in UTC; the page's script shows it in the person's own zone."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(iso=iso, day_and_time=day_and_time, counted=counted, caused_by=caused_by)
    environment.globals.update(states=STATES, run_words=run_words)
    return environment


class Renderer:
    """Renders the templates to pages."""

    def __init__(self) -> None:
        self._environment = _environment()

    def page(
        self, template: str, *, who: Principal | None, client_title: str = "", status: int = 200, **shown: Any
    ) -> HTMLResponse:
        """A whole page for this person, of this client; ``who`` None: for nobody, so it offers no sign-out."""
        text = self._environment.get_template(template).render(
            person=None if who is None else who.display_name,
            client_title=client_title,
            sign_out=None if who is None else "/sign-out",
            now=datetime.now(UTC),
            **shown,
        )
        return HTMLResponse(text, status_code=status)


def renderer_of(request: Request) -> Renderer:
    """The renderer of the app that serves this request."""
    renderer: Renderer = request.app.state.renderer
    return renderer


async def _renderer(request: Request) -> Renderer:
    return renderer_of(request)


Pages = Annotated[Renderer, Depends(_renderer)]
