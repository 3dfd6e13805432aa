"""``/sign-out``, and the page ``/sign-in`` for a person's own machine, which only the command line adds to the app."""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.auth.dev_issuer import LocalSignIn
from console.http.guard import check_origin, ports_of, verified
from console.http.problems import Problem, not_found
from console.http.session_cookie import clear_session, set_session
from console.pages.rendering import Pages

HOME: Final = "/"
router: Final = APIRouter()


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Clear the session cookie and go to the sign-in page, where there is one."""
    check_origin(request)
    there = "/sign-in" if ports_of(request).sign_in_page is not None else HOME
    response = RedirectResponse(there, status_code=303)
    clear_session(request, response)
    return response


def sign_in_page(sign_in: LocalSignIn) -> APIRouter:
    """The page on which a person signs in as one of this issuer's people; a port of the app, since most apps have none."""
    page_router = APIRouter()

    @page_router.get("/sign-in")
    def page(renderer: Pages, then: str = HOME) -> Response:
        """The list of people."""
        return renderer.page("sign_in.html", who=None, people=sign_in.people, then=path_here(then))

    @page_router.post("/sign-in")
    def enter(request: Request, person: Annotated[str, Form()], then: Annotated[str, Form()] = HOME) -> Response:
        """Sign in as one of the people, and go on to the page that led here."""
        check_origin(request)
        token = sign_in.token_of(person)
        if token is None:
            raise not_found("such person")
        response = RedirectResponse(path_here(then), status_code=303)
        set_session(request, response, token, verified(request, token))
        return response

    return page_router


def path_here(then: str) -> str:
    """The path to go to, if it is one of this site; else the start page."""
    plain = then.isascii() and then.isprintable() and "\\" not in then
    return then if plain and then.startswith("/") and not then.startswith("//") else HOME


def sign_in_first(request: Request, problem: Problem) -> Response | None:
    """A redirect to the sign-in page for a person who is not signed in; None: there is no such page, or it would not help."""
    if problem.status != 401 or ports_of(request).sign_in_page is None:  # noqa: PLR2004 -- not signed in
        return None
    then = request.url.path if request.method == "GET" else HOME
    url = request.url.replace(path="/sign-in", query="", fragment="").include_query_params(then=path_here(then))
    return RedirectResponse(f"{url.path}?{url.query}", status_code=303)
