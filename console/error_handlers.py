"""Exception handlers: each turns an error (ours, the router's, the validation's, the database's) into a problem."""

import logging
from typing import Final, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from console.http.problems import InvalidField, Problem, invalid, plain, problem_response, unavailable
from console.pages.problem_page import is_page, problem_page
from console.pages.sign_in_page import sign_in_first
from messaging.producer import KafkaUnavailableError
from schemas.wire.codec import RegistryUnavailableError

log = logging.getLogger(__name__)

MAX_ERRORS: Final = 10
"""The most invalid fields of a request that one answer lists."""


def add_handlers(app: FastAPI) -> None:
    """Let the app answer every error as a problem: a page as a page, anything else as JSON."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _of_router)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(KafkaUnavailableError, _kafka_unavailable)
    app.add_exception_handler(RegistryUnavailableError, _registry_unavailable)
    for unavailable_error in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(unavailable_error, _database_unavailable)


def answer(request: Request, problem: Problem) -> Response:
    """The problem as a page where the request is for one, else as JSON."""
    if is_page(request):
        return sign_in_first(request, problem) or problem_page(request, problem)
    return problem_response(request, problem)


async def _problem(request: Request, error: Exception) -> Response:
    return answer(request, cast("Problem", error))


async def _of_router(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    problem = plain(error.status_code, headers=error.headers)
    if error.status_code == 405:  # noqa: PLR2004 -- the router names the methods of one route; a path may have several
        problem.headers["Allow"] = ", ".join(sorted(_methods_at(request))) or problem.headers.get("Allow", "")
    if error.status_code == 413:  # noqa: PLR2004 -- raised by the request boundary; its text names the limit
        problem = Problem(413, "too-large", "Too large", error.detail)
    return answer(request, problem)


def _methods_at(request: Request) -> set[str]:
    routes: list[APIRoute] = request.app.state.routes
    return {method for route in routes if route.path_regex.match(request.url.path) for method in route.methods or ()}


async def _invalid(request: Request, error: Exception) -> Response:
    fields = [
        InvalidField(where=".".join(str(part)[:50] for part in one["loc"]), what=one["msg"])
        for one in cast("RequestValidationError", error).errors()[:MAX_ERRORS]
    ]
    return answer(request, invalid(fields))


async def _kafka_unavailable(request: Request, error: Exception) -> Response:
    return answer(request, unavailable(str(error), kind="kafka-away", title="Kafka is away"))


async def _registry_unavailable(request: Request, error: Exception) -> Response:
    return answer(request, unavailable(f"{error} Nothing was queued.", kind="registry-away"))


async def _database_unavailable(request: Request, error: Exception) -> Response:
    log.warning("The database is unavailable: %s", type(error).__name__)
    return answer(
        request, unavailable("The console's database does not answer. Try again in a moment.", kind="database-away")
    )
