"""The page ``/sign-in`` for a person's own machine, and ``/sign-out``."""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.auth.dev_issuer import LocalSignIn
from console.http.guard import check_origin, ports_of, verified
from console.http.problems import Problem, not_found
from console.http.session_cookie import clear_session, set_session
from console.pages.rendering import TEMPLATES

HOME: Final = "/"


def sign_in_pages(sign_in: LocalSignIn | None) -> APIRouter:
    """The routes; without a sign-in, signing out alone."""
    router = APIRouter(include_in_schema=False)
    router.post("/sign-out")(sign_out)
    if sign_in is None:
        return router
    loader = FileSystemLoader(TEMPLATES)
    template = Environment(loader=loader, autoescape=True).get_template("sign_in.html")

    @router.get("/sign-in")
    def page(then: str = HOME) -> Response:
        """Who may be signed in as."""
        return HTMLResponse(template.render(people=sign_in.people, then=path_here(then)))

    @router.post("/sign-in")
    def enter(request: Request, person: Annotated[str, Form()], then: Annotated[str, Form()] = HOME) -> Response:
        """Sign in as one of the people and go on to where one came from."""
        check_origin(request)
        token = sign_in.token_of(person)
        if token is None:
            raise not_found("such person")
        response = RedirectResponse(path_here(then), status_code=303)
        set_session(request, response, token, verified(request, token))
        return response

    return router


def sign_out(request: Request) -> Response:
    """Forget the session and go to where one signs in."""
    check_origin(request)
    there = "/sign-in" if ports_of(request).local_sign_in is not None else HOME
    response = RedirectResponse(there, status_code=303)
    clear_session(request, response)
    return response


def path_here(then: str) -> str:
    """The path to go to, if it is one of this site."""
    plain = then.isascii() and then.isprintable() and "\\" not in then
    return then if plain and then.startswith("/") and not then.startswith("//") else HOME


def sign_in_first(request: Request, problem: Problem) -> Response | None:
    """Where a page sends who is not signed in; None: there is nowhere to sign in here, or signing in would not mend it."""
    if problem.status != 401 or ports_of(request).local_sign_in is None:  # noqa: PLR2004 -- not signed in
        return None
    then = request.url.path if request.method == "GET" else HOME
    url = request.url.replace(path="/sign-in", query="", fragment="").include_query_params(then=path_here(then))
    return RedirectResponse(f"{url.path}?{url.query}", status_code=303)
