"""The page Accounting - Vantaca, and the press of its button."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Query
from starlette.responses import RedirectResponse, Response

from console.auth.principal import Principal
from console.http.guard import Admin, Ports
from console.http.problems import Problem
from console.pages.addresses import ACCOUNTING, Addresses
from console.pages.rendering import Pages, Renderer
from console.pages.sentences.attention import concerns
from console.pages.sentences.availability import unavailable_because
from console.pages.sentences.group_rules import group_rules
from console.pages.sentences.run_words import is_young
from console.pages.sentences.words import MODES
from console.pages.views.client_title import client_title
from console.pages.views.listing import LONGEST_CURSOR, PAGE_SIZE, Listing, VendorListQuery, choices, vendor_list_query
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.views import ClientView
from messaging.producer import KafkaUnavailableError
from producers.button import CONFIRMATION, SyncRefusedError
from schemas.message import Identifier
from schemas.records.dead_letter import LETTER_ID_PATTERN
from schemas.records.integration import Integration

router: Final = APIRouter(prefix=ACCOUNTING)

RUNS_SHOWN: Final = 10
NOT_QUEUED: Final = (
    "The sync could not be queued: Kafka, which carries VIVE's messages, does not answer. "
    "Nothing was queued. Press again in a minute."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """The parameters in the page's address."""

    requested_run: Annotated[
        Identifier | None, Query(alias="pressed", description="The run of the press that led here.")
    ] = None
    redriven: Annotated[
        str | None, Query(alias="again", pattern=LETTER_ID_PATTERN, description="The letter that was just redriven.")
    ] = None
    runs_cursor: Annotated[str | None, Query(alias="runs", max_length=LONGEST_CURSOR)] = None


@router.get("")
def page(
    client: Identifier,
    who: Admin,
    ports: Ports,
    renderer: Pages,
    query: Annotated[PageQuery, Depends()],
    listed: Annotated[VendorListQuery, Depends(vendor_list_query)],
) -> Response:
    """The page as it stands."""
    return show(ports.read_model, renderer, who, client, query=query, listed=listed)


@router.post("/sync")
def press(
    client: Identifier,
    who: Admin,
    ports: Ports,
    renderer: Pages,
    key: Annotated[str, Form(pattern=r"^[!-~]{0,100}$")] = "",
) -> Response:
    """Request a sync, and go to the page; without success show the page again, with the reason."""
    try:
        receipt = ports.request_sync(who, client, key=key or None)
    except SyncRefusedError as error:
        return _show_again(ports.read_model, renderer, who, client, 409, str(error))
    except KafkaUnavailableError:
        return _show_again(ports.read_model, renderer, who, client, 503, NOT_QUEUED, key=key)
    return RedirectResponse(Addresses(client).requested(receipt.run_id), status_code=303)


def _show_again(
    read_model: ReadModel,
    renderer: Renderer,
    who: Principal,
    client: str,
    status: int,
    trouble: str,
    *,
    key: str = "",
) -> Response:
    # The same key once more: should Kafka have the request after all, the next press is no second run.
    return show(read_model, renderer, who, client, status=status, trouble=trouble, key=key)


def show(
    read_model: ReadModel,
    renderer: Renderer,
    who: Principal,
    client: str,
    *,
    query: PageQuery | None = None,
    listed: VendorListQuery | None = None,
    status: int = 200,
    trouble: str = "",
    key: str = "",
) -> Response:
    """The page, with what just happened."""
    query, listed, to = query or PageQuery(), listed or VendorListQuery(), Addresses(client)
    with read_model.snapshot() as snapshot:
        view = snapshot.client(client)
        of_client = {} if view is None else _of_client(snapshot, client, view, query, listed)
    known = None if view is None else view.integration
    shown: dict[str, Any] = {
        "to": to,
        "here": to.home,
        "view": view,
        "mode": MODES[known.mode] if isinstance(known, Integration) else None,
        "unavailable": unavailable_because(client, known),
        "trouble": trouble,
        "press_key": key or str(uuid4()),
        "requested_run": query.requested_run,
        "notice": "",
    }
    title = client_title(who, known)
    return renderer.page("settings.html", who=who, client_title=title, status=status, **(shown | of_client))


def _notice(snapshot: ReadModel, client: str, query: PageQuery, *, young: bool) -> str:
    """The action that led here, as a sentence; "" where an address is opened again later. ``young``: the run of the request."""
    if young:
        return CONFIRMATION
    dead_letter = None if query.redriven is None else snapshot.dead_letter(client, query.redriven)
    if dead_letter is None:
        return ""
    vendor = dead_letter[0].vendor_id
    name = None if vendor is None else snapshot.vendor_names(client, [vendor]).get(vendor)
    return f"{name or vendor or f'Record {query.redriven}'} is queued to be synced once more."


def _of_client(
    snapshot: ReadModel, client: str, view: ClientView, query: PageQuery, listed: VendorListQuery
) -> dict[str, Any]:
    to = Addresses(client)
    try:
        runs = snapshot.runs(client, limit=RUNS_SHOWN, cursor=query.runs_cursor)
        vendors = snapshot.vendors(
            client, states=listed.states, search=listed.search, limit=PAGE_SIZE, cursor=listed.cursor
        )
    except ValueError as error:
        raise Problem(422, "not-valid", "Not valid", str(error)) from error
    if query.requested_run is not None:
        run = snapshot.run(client, query.requested_run)
    else:
        run = next(iter(runs.items), None) if query.runs_cursor is None else None
    young = query.requested_run is not None and is_young(query.requested_run, datetime.now(UTC))
    handled = frozenset() if query.redriven is None else frozenset({query.redriven})
    return {
        "notice": _notice(snapshot, client, query, young=young),
        "run": run,
        "starting": query.requested_run if run is None and young else None,
        "here": to.requested(query.requested_run) if query.requested_run is not None else to.home,
        "runs": runs,
        "runs_further_on": query.runs_cursor is not None,
        "concerns": concerns(snapshot, client, view, handled=handled),
        "groups": group_rules(view.integration) if isinstance(view.integration, Integration) else (),
        "vendors_heading": "Vendors",
        "no_vendors": "VIVE has no vendors of this client yet. They appear here once VIVE's services have sent them.",
        "listing": Listing(
            page=vendors,
            query=listed,
            path=to.home,
            choices=choices(view.by_state, listed, to.home),
        ),
    }
