"""Templates to pages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from console.auth.principal import Principal
from console.pages.sentences import run_words
from console.pages.sentences.words import STATES, caused_by, counted

TEMPLATES: Final = Path(__file__).parent / "templates"


def iso(at: datetime) -> str:
    """A time as programs read it, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def day_and_time(at: datetime) -> str:
    """A time as people read it, in UTC; the page's script says it in the person's own zone."""
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
    """Renders the templates. ``can_sign_out``: whether a page offers it."""

    def __init__(self, *, can_sign_out: bool = False) -> None:
        self._environment = _environment()
        self._sign_out = "/sign-out" if can_sign_out else None

    def page(
        self, template: str, *, who: Principal | None, client_title: str = "", status: int = 200, **shown: Any
    ) -> HTMLResponse:
        """A whole page for this person, of this client."""
        text = self._environment.get_template(template).render(
            person=None if who is None else who.called,
            client_title=client_title,
            sign_out=self._sign_out if who is not None else None,
            now=datetime.now(UTC),
            **shown,
        )
        return HTMLResponse(text, status_code=status)
