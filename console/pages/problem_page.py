"""Problems as pages, for people who look at pages."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from console.http.problems import Problem
from console.pages.rendering import renderer_of

PAGES: Final = ("/accounting", "/sign-in", "/sign-out")
OMITTED_HEADERS: Final = frozenset({"www-authenticate"})
"""A browser that gets it with a page asks for a password of its own."""
ABOUT_CLIENT: Final = 403
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


def is_page(request: Request) -> bool:
    """Whether the request's path is one of a page, so that its errors are pages too."""
    path = request.url.path
    return path == "/" or any(path == page or path.startswith(page + "/") for page in PAGES)


def problem_page(request: Request, problem: Problem) -> Response:
    """The page. Nothing of a client is on it: the person who gets it may not be allowed to look."""
    status = problem.status
    page = renderer_of(request).page(
        "problem.html",
        who=None,
        status=status,
        before="Accounting - Vantaca" if status == ABOUT_CLIENT else str(status),
        heading=HEADINGS.get(status, problem.title),
        sentence=_SENTENCES.get(status, problem.detail),
        way_on="/" if status not in {401, ABOUT_CLIENT} else None,
        other_person=status == ABOUT_CLIENT,
    )
    for name, value in problem.headers.items():
        if name.lower() not in OMITTED_HEADERS:
            page.headers[name] = value
    return page
