"""The session cookie for VIVE's own front end."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from console.http.guard import Anyone, bearer_token
from console.http.problems import Problem, documented
from console.http.session_cookie import set_session

router: Final = APIRouter(tags=["session"])


@router.post(
    "/session",
    status_code=204,
    responses={204: {"description": "The cookie is set."}, **documented(401, 403, 413, 503)},
    summary="Take the bearer token into a session cookie",
)
def session(request: Request, who: Anyone) -> Response:
    """Set the HttpOnly, SameSite=Lax cookie `vive_session`, with which the pages can be opened."""
    token = bearer_token(request)
    if token is None:
        raise Problem(403, "no-bearer", "A bearer token is needed", "Send the token in the header Authorization.")
    response = Response(status_code=204)
    set_session(request, response, token, who)
    return response
