"""Runs over HTTP."""

from typing import Final

from fastapi import APIRouter

from console.api.parameters import ClientId, Cursor, Limit, RunId, Search, States, bad_cursor
from console.api.responses import PageAnswer, RunAnswer, page_of
from console.api.vendor_responses import VendorLineAnswer
from console.http.guard import Admin, Ports
from console.http.problems import documented, not_found

router: Final = APIRouter(tags=["runs"])


@router.get("/clients/{client}/sync-runs", responses=documented(401, 403, 404, 422, 503), summary="The runs")
def runs(
    client: ClientId, _admin: Admin, ports: Ports, limit: Limit = 20, cursor: Cursor = None
) -> PageAnswer[RunAnswer]:
    """The client's runs, newest first."""
    try:
        page = ports.read_model.runs(client, limit=limit, cursor=cursor)
    except ValueError as error:
        raise bad_cursor(error) from None
    return page_of(page, RunAnswer.of)


@router.get("/clients/{client}/sync-runs/{run}", responses=documented(401, 403, 404, 422, 503), summary="One run")
def run(client: ClientId, _admin: Admin, run: RunId, ports: Ports) -> RunAnswer:
    """One run with its counts. A press that no worker has taken up yet is not known."""
    found = ports.read_model.run(client, run)
    if found is None:
        raise not_found(f"run {run} of this client, as far as is known yet")
    return RunAnswer.of(found)


@router.get(
    "/clients/{client}/sync-runs/{run}/vendors",
    responses=documented(401, 403, 404, 422, 503),
    summary="The vendors of a run",
)
def run_vendors(
    client: ClientId,
    _admin: Admin,
    run: RunId,
    ports: Ports,
    states: States = [],  # noqa: B006 -- FastAPI copies it
    search: Search = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageAnswer[VendorLineAnswer]:
    """The vendors of a run by name, each with what became of it in this run."""
    with ports.read_model.snapshot() as snapshot:
        if snapshot.run(client, run) is None:
            raise not_found(f"run {run} of this client, as far as is known yet")
        try:
            page = snapshot.run_vendors(
                client, run, states=frozenset(states), search=search, limit=limit, cursor=cursor
            )
        except ValueError as error:
            raise bad_cursor(error) from None
    return page_of(page, VendorLineAnswer.model_validate)
