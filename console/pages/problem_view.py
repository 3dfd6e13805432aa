"""What goes wrong, as a page in the same look."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from console.pages.rendering import Renderer

HEADINGS: Final[Mapping[int, str]] = {
    401: "You are not signed in",
    404: "This page is not here",
    422: "This address can't be read",
    500: "Something went wrong",
    503: "Not available just now",
}
_SENTENCES: Final[Mapping[int, str]] = {
    401: "Open VIVE and come back here from there.",
    404: "It may have moved, or it is not one of your client's pages.",
}


ABOUT_CLIENT: Final = 403


def render_problem(status: int, title: str, detail: str) -> Response:
    """The page. Nothing of a client is on it: whoever sees it may not be allowed to look."""
    return Renderer().page(
        "problem.html",
        who=None,
        status=status,
        before="Accounting - Vantaca" if status == ABOUT_CLIENT else str(status),
        heading=HEADINGS.get(status, title),
        sentence=_SENTENCES.get(status, detail),
        way_on="/" if status not in {401, ABOUT_CLIENT} else None,
        other_person=status == ABOUT_CLIENT,
    )
