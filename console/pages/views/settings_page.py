"""The page Accounting - Vantaca, and the press of its button."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Query
from starlette.responses import RedirectResponse, Response

from console.auth.principal import Principal
from console.http.guard import Admin
from console.http.problems import Problem
from console.pages.addresses import Addresses
from console.pages.rendering import Renderer
from console.pages.sentences.attention import concerns
from console.pages.sentences.availability import unavailable_because
from console.pages.sentences.group_rules import group_rules
from console.pages.sentences.run_words import is_young
from console.pages.sentences.words import MODES
from console.pages.views.client_of import client_title
from console.pages.views.listing import LONGEST_CURSOR, PAGE_SIZE, Listing, VendorListQuery, asked, choices
from console.ports import ConsolePorts
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.views import ClientView
from messaging.producer import KafkaUnavailableError
from producers.button import CONFIRMATION, SyncRefusedError
from schemas.message import Identifier
from schemas.records.dead_letter import LETTER_ID_PATTERN

RUNS_SHOWN: Final = 10
AWAY: Final = (
    "The sync could not be queued: Kafka, which carries VIVE's messages, does not answer. "
    "Nothing was queued. Press again in a minute."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What of the page is asked for in its address."""

    pressed: Annotated[Identifier | None, Query(description="The run of the press that led here.")] = None
    again: Annotated[str | None, Query(pattern=LETTER_ID_PATTERN, description="The letter that was just redriven.")] = (
        None
    )
    runs: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None


def routes(parts: ConsolePorts, renderer: Renderer) -> APIRouter:
    """The page and where its button's form goes."""
    router = APIRouter()

    @router.get("")
    def page(
        client: Identifier,
        who: Admin,
        look: Annotated[Look, Depends()],
        listed: Annotated[VendorListQuery, Depends(asked)],
    ) -> Response:
        """The page as it stands."""
        return show(parts.read_model, renderer, who, client, look=look, listed=listed)

    @router.post("/sync")
    def press(client: Identifier, who: Admin, key: Annotated[str, Form(pattern=r"^[!-~]{0,100}$")] = "") -> Response:
        """Press the button; without Kafka the page comes again and says so."""
        try:
            pressed = parts.press(who, client, key=key or None)
        except SyncRefusedError as error:
            return _again(parts.read_model, renderer, who, client, 409, str(error))
        except KafkaUnavailableError:
            return _again(parts.read_model, renderer, who, client, 503, AWAY, key=key)
        return RedirectResponse(Addresses(client).pressed(pressed.run_id), status_code=303)

    return router


def _again(
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
    look: Look | None = None,
    listed: VendorListQuery | None = None,
    status: int = 200,
    trouble: str = "",
    key: str = "",
) -> Response:
    """The page, with what just happened."""
    look, listed, to = look or Look(), listed or VendorListQuery(), Addresses(client)
    with read_model.snapshot() as snapshot:
        view = snapshot.client(client)
        of_client = {} if view is None else _of_client(snapshot, client, view, look, listed)
    integration = None if view is None else view.integration
    shown: dict[str, Any] = {
        "to": to,
        "here": to.home,
        "view": view,
        "mode": None if integration is None else MODES[integration.mode],
        "unavailable": unavailable_because(client, integration),
        "trouble": trouble,
        "press_key": key or str(uuid4()),
        "pressed": look.pressed,
        "said": "",
    }
    title = client_title(who, integration)
    return renderer.page("settings.html", who=who, client_title=title, status=status, **(shown | of_client))


def _notice(snapshot: ReadModel, client: str, look: Look) -> str:
    """The action that led here, as a sentence; "" where an address is opened again later."""
    if look.pressed is not None and is_young(look.pressed, datetime.now(UTC)):
        return CONFIRMATION
    letter = None if look.again is None else snapshot.dead_letter(client, look.again)
    if letter is None:
        return ""
    vendor = letter[0].vendor_id
    name = None if vendor is None else snapshot.vendor_names(client, [vendor]).get(vendor)
    return f"{name or vendor or f'Record {look.again}'} is queued to be synced once more."


def _of_client(
    snapshot: ReadModel, client: str, view: ClientView, look: Look, listed: VendorListQuery
) -> dict[str, Any]:
    to = Addresses(client)
    try:
        runs = snapshot.runs(client, limit=RUNS_SHOWN, cursor=look.runs)
        vendors = snapshot.vendors(
            client, states=listed.states, search=listed.search, limit=PAGE_SIZE, cursor=listed.cursor
        )
    except ValueError as error:
        raise Problem(422, "not-valid", "Not valid", str(error)) from error
    if look.pressed is not None:
        run = snapshot.run(client, look.pressed)
    else:
        run = next(iter(runs.items), None) if look.runs is None else None
    young = look.pressed is not None and is_young(look.pressed, datetime.now(UTC))
    handled = frozenset() if look.again is None else frozenset({look.again})
    return {
        "said": _notice(snapshot, client, look),
        "run": run,
        "starting": look.pressed if run is None and young else None,
        "here": to.pressed(look.pressed) if look.pressed is not None else to.home,
        "runs": runs,
        "runs_further_on": look.runs is not None,
        "concerns": concerns(snapshot, client, view, handled=handled),
        "groups": group_rules(view.integration),
        "vendors_heading": "Vendors",
        "no_vendors": "VIVE has no vendors of this client yet. They appear here once VIVE's services have sent them.",
        "listing": Listing(
            page=vendors,
            asked=listed,
            path=to.home,
            choices=choices(view.by_state, listed, to.home),
        ),
    }
