"""The progress of a run as server-sent events."""

import re
import time
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from console.api.parameters import ClientId, RunId
from console.api.progress_hub import ProgressHub
from console.api.responses import RunAnswer
from console.auth.principal import Principal
from console.http.guard import Admin
from console.http.problems import documented, not_found
from console.topic_queries.runs import began_at

router: Final = APIRouter(tags=["runs"])

YOUNG_MS: Final = 60_000
"""A run that was asked for so lately may be unknown because no worker has taken it up yet: it is waited for."""
LONGEST_SECONDS: Final = 3600.0
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
EVENT: Final = {
    "type": "object",
    "description": "Every event of the stream.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"const": "progress"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": f"#/components/schemas/{RunAnswer.__name__}"},
        },
    },
}
EXAMPLE: Final = (
    'retry: 2000\n\nid: 17\nevent: progress\ndata: {"run_id":"01978d3c-5a7e-7c11-a0d2-3b1f6f1f0c55","done":false}\n\n'
)


@router.get(
    "/clients/{client}/sync-runs/{run}/progress",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `progress`, each with the whole run; its id is the run's revision.",
            "content": {"text/event-stream": {"schema": EVENT, "example": EXAMPLE}},
        },
        204: {"description": "The run is done, and its last event has been seen: there is nothing to wait for."},
        **documented(401, 403, 404, 422, 503),
    },
    summary="The progress of a run",
)
async def progress(
    request: Request,
    client: ClientId,
    admin: Admin,
    run: RunId,
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event seen; it is not told again.", max_length=100)
    ] = None,
) -> Response:
    """The run at once, and again when it has changed, at most four times a second, until it is done.

    A line of comment comes every 15 seconds in between. The stream ends when the token does.
    """
    hub: ProgressHub = request.app.state.progress
    newest = await hub.current(client, run)
    if newest is None and not _young(run):
        raise not_found(f"run {run} of this client, as far as is known yet")
    seen = _revision(last_event_id)
    if newest is not None and newest.done and seen >= newest.revision:
        return Response(status_code=204)
    events = hub.stream(client, run, seen=seen, seconds=_seconds(admin))
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)


def _revision(last_event_id: str | None) -> int:
    number = re.fullmatch(r"[0-9]{1,18}", last_event_id or "", re.ASCII)
    return -1 if number is None else int(number[0])


def _young(run_id: str) -> bool:
    began = began_at(run_id)
    return began > 0 and abs(time.time() * 1000 - began) < YOUNG_MS


def _seconds(who: Principal) -> float:
    if who.until is None:
        return LONGEST_SECONDS
    return max(0.0, min(LONGEST_SECONDS, (who.until - datetime.now(UTC)).total_seconds()))
