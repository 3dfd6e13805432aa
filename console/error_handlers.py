"""Turns what goes wrong into problems: ours, the router's, the validation's, the database's."""

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

from console.http.problem_page import is_page, problem_page
from console.http.problems import InvalidField, Problem, plain, problem_response, unavailable
from console.pages.sign_in_page import sign_in_first
from messaging.producer import KafkaUnavailableError
from schemas.wire.codec import RegistryUnavailableError

log = logging.getLogger(__name__)

MAX_ERRORS: Final = 10
"""Of a request that are told."""


def add_handlers(app: FastAPI) -> None:
    """Let the app answer every failure as a problem; a page of it as a page."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _of_router)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(KafkaUnavailableError, _kafka_away)
    app.add_exception_handler(RegistryUnavailableError, _registry_away)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(away, _database_away)


def answer(request: Request, problem: Problem) -> Response:
    """The problem as whoever asked reads it."""
    if is_page(request):
        return sign_in_first(request, problem) or problem_page(problem)
    return problem_response(request, problem)


async def _problem(request: Request, error: Exception) -> Response:
    return answer(request, cast("Problem", error))


async def _of_router(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    problem = plain(error.status_code, headers=error.headers)
    if error.status_code == 405:  # noqa: PLR2004 -- the router names the methods of one route; a path may have several
        problem.headers["Allow"] = ", ".join(sorted(_methods_at(request))) or problem.headers.get("Allow", "")
    if error.status_code == 413:  # noqa: PLR2004 -- the shell's, which says how much may come
        problem = Problem(413, "too-large", "Too large", error.detail)
    return answer(request, problem)


def _methods_at(request: Request) -> set[str]:
    routes: list[APIRoute] = request.app.state.routes
    return {method for route in routes if route.path_regex.match(request.url.path) for method in route.methods or ()}


async def _invalid(request: Request, error: Exception) -> Response:
    told = [
        InvalidField(where=".".join(str(part)[:50] for part in one["loc"]), what=one["msg"])
        for one in cast("RequestValidationError", error).errors()[:MAX_ERRORS]
    ]
    return answer(request, invalid(told))


def invalid(errors: list[InvalidField]) -> Problem:
    """A request with parts that can't be taken."""
    sentence = "; ".join(f"{one.where}: {one.what}" for one in errors)
    return Problem(422, "not-valid", "Not valid", f"The request is not valid: {sentence}.", errors=errors)


async def _kafka_away(request: Request, error: Exception) -> Response:
    return answer(request, kafka_away(cast("KafkaUnavailableError", error)))


def kafka_away(error: KafkaUnavailableError) -> Problem:
    """Nothing was queued; the text says what to do."""
    return unavailable(str(error), kind="kafka-away", title="Kafka is away")


async def _registry_away(request: Request, error: Exception) -> Response:
    return answer(request, unavailable(f"{error} Nothing was queued.", kind="registry-away"))


async def _database_away(request: Request, error: Exception) -> Response:
    log.warning("The database is away: %s", type(error).__name__)
    return answer(
        request, unavailable("The console's database does not answer. Try again in a moment.", kind="database-away")
    )
