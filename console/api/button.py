"""The button over HTTP."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from console.api.parameters import ClientId, IdempotencyKey
from console.api.responses import ButtonAnswer, PressedAnswer, RunLinks
from console.http.guard import Admin, Ports
from console.http.problems import Problem, documented, unavailable
from console.ports import ConsolePorts
from producers.button import SyncRefusedError
from schemas.records.integration import FieldGroup, Integration, KnownIntegration, ineligible_reason

router: Final = APIRouter(tags=["button"])


@router.post(
    "/clients/{client}/sync-runs",
    status_code=202,
    responses=documented(401, 403, 404, 409, 413, 422, 503),
    summary="Press Sync All Vendors",
)
def press(
    client: ClientId, admin: Admin, ports: Ports, response: Response, key: IdempotencyKey = None
) -> PressedAnswer:
    """Queue all linked vendors of the client for a sync. The run is known as soon as a worker has taken it up."""
    integration_of(ports, client)
    try:
        receipt = ports.request_sync(admin, client, key=key)
    except SyncRefusedError as error:
        raise Problem(409, "not-eligible", "This client can't be synced", str(error)) from None
    links = RunLinks.to(client, receipt.run_id)
    response.headers["Location"] = links.self
    return PressedAnswer(run_id=receipt.run_id, message=receipt.message, links=links)


@router.get(
    "/clients/{client}/sync-button",
    responses=documented(401, 403, 404, 422, 503),
    summary="Whether the button is available",
)
def button(client: ClientId, _admin: Admin, ports: Ports) -> ButtonAnswer:
    """Whether pressing would be taken, if not why, and what VIVE owns at this client."""
    known = integration_of(ports, client)
    reason = ineligible_reason(client, known)
    integration = known if isinstance(known, Integration) else None
    return ButtonAnswer(
        available=reason is None,
        reason=reason,
        system=None if integration is None else integration.system,
        mode=None if integration is None else integration.mode,
        pushes=[] if integration is None else [group for group in FieldGroup if integration.owns(group)],
    )


def integration_of(ports: ConsolePorts, client: str) -> KnownIntegration:
    """The client's integration, None where it has none.

    Raises:
        Problem: 503 where it is not known yet: the console has just begun to read the topics.
    """
    view = ports.read_model.client(client)
    if view is not None:
        return view.integration
    if not ports.health().caught_up:
        raise unavailable(
            "The console is still reading what there is of this client. Try again in a moment.", kind="behind"
        )
    return None
