"""Everything that goes wrong is a problem detail (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from console.http.json_response import to_json

MEDIA_TYPE: Final = "application/problem+json"
PREFIX: Final = "urn:vive-sync:problem:"


class InvalidField(BaseModel):
    """One part of a request that can't be taken."""

    where: str = Field(description="Where it stands, such as `query.limit`.", examples=["query.limit"])
    what: str = Field(examples=["Input should be less than or equal to 200"])


class ProblemDetails(BaseModel):
    """The problem, for programs (`type`, `status`) and for people (`title`, `detail`)."""

    type: str = Field(examples=[f"{PREFIX}not-eligible"])
    title: str = Field(examples=["This client can't be synced"])
    status: int = Field(ge=400, le=599, examples=[409])
    detail: str = Field(description="A sentence that a person can act on.")
    instance: str = Field(description="The path that was asked for.", examples=["/clients/acme/sync-runs"])
    errors: list[InvalidField] | None = Field(default=None, description="What is not valid, where that is the problem.")


class Problem(Exception):  # noqa: N818 -- RFC 9457's word
    """An answer that is a problem. ``kind`` is the last part of its ``type``, ``detail`` a sentence for a person."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: list[InvalidField] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = errors

    def details(self, path: str) -> ProblemDetails:
        """The problem as JSON. ``path`` is that of the request."""
        return ProblemDetails(
            type=PREFIX + self.kind,
            title=self.title,
            status=self.status,
            detail=self.detail,
            instance=path,
            errors=self.errors,
        )


def plain(status: int, *, headers: Mapping[str, str] | None = None) -> Problem:
    """A problem about which nothing more is known than its status."""
    phrase = HTTPStatus(status).phrase
    sentence = {
        404: "There is nothing at this path.",
        405: "This path does not take this method.",
        500: "Something went wrong here. It has been logged; try again later.",
    }.get(status, f"{phrase}.")
    return Problem(status, phrase.lower().replace(" ", "-"), phrase, sentence, headers=headers)


def not_found(thing: str) -> Problem:
    """``thing`` is missing: a noun phrase, such as ``run 4711``."""
    return Problem(404, "not-found", "Not found", f"There is no {thing}.")


def unavailable(detail: str, *, kind: str = "unavailable", title: str = "Not available now") -> Problem:
    """A 503: something that the request needs is unavailable; a retry may succeed."""
    return Problem(503, kind, title, detail, headers={"Retry-After": "5"})


def invalid(errors: list[InvalidField]) -> Problem:
    """A request with parts that can't be taken."""
    sentence = "; ".join(f"{one.where}: {one.what}" for one in errors)
    return Problem(422, "not-valid", "Not valid", f"The request is not valid: {sentence}.", errors=errors)


def problem_response(request: Request, problem: Problem) -> Response:
    """The problem as a response with JSON."""
    return Response(
        to_json(problem.details(request.url.path[:MAX_PATH_CHARACTERS]).model_dump(exclude_none=True)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


MAX_PATH_CHARACTERS: Final = 500
"""Characters of a path that are repeated in an answer."""


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses for the OpenAPI description, each a problem."""
    return {status: {"description": DESCRIPTIONS[status], "content": {MEDIA_TYPE: CONTENT}} for status in statuses}


CONTENT: Final = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
DESCRIPTIONS: Final = {
    401: "There is no valid token.",
    403: "The person lacks the role, or a form came from elsewhere.",
    404: "There is no such thing, or not at the person's client.",
    409: "It can't be done as things stand; `detail` says why.",
    413: "The body is too large.",
    422: "A part of the request is not valid; `errors` says which.",
    500: "Something went wrong here.",
    503: "Kafka, the database or the issuer's keys are away; try again later.",
}
