"""A problem as a page, for who looks at pages."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from console.http.problems import Problem
from console.pages.problem_view import render_problem

PAGES: Final = ("/accounting", "/sign-in", "/sign-out")
LEFT_OUT: Final = frozenset({"www-authenticate"})
"""On a page a browser would ask for a password of its own."""


def is_page(request: Request) -> bool:
    """Whether this path is one that people look at."""
    path = request.url.path
    return path == "/" or any(path == page or path.startswith(page + "/") for page in PAGES)


def problem_page(problem: Problem) -> Response:
    """The page."""
    page = render_problem(problem.status, problem.title, problem.detail)
    for name, value in problem.headers.items():
        if name.lower() not in LEFT_OUT:
            page.headers[name] = value
    return page
