"""Vendors over HTTP."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from console.api.parameters import ClientId, Cursor, Limit, Search, States, VendorId, bad_cursor
from console.api.responses import PageAnswer, page_of
from console.api.vendor_responses import VendorAnswer, VendorLineAnswer
from console.http.guard import Admin, Ports
from console.http.problems import documented, not_found

router: Final = APIRouter(tags=["vendors"])


@router.get("/clients/{client}/vendors", responses=documented(401, 403, 404, 422, 503), summary="The vendors")
def vendors(
    client: ClientId,
    _admin: Admin,
    ports: Ports,
    states: States = [],  # noqa: B006 -- FastAPI copies it
    search: Search = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageAnswer[VendorLineAnswer]:
    """The client's vendors by name, each with where it stands."""
    try:
        page = ports.read_model.vendors(client, states=frozenset(states), search=search, limit=limit, cursor=cursor)
    except ValueError as error:
        raise bad_cursor(error) from None
    return page_of(page, VendorLineAnswer.model_validate)


@router.get("/clients/{client}/vendors/{vendor}", responses=documented(401, 403, 404, 422, 503), summary="One vendor")
def vendor(
    client: ClientId,
    _admin: Admin,
    vendor: VendorId,
    ports: Ports,
    outcomes: Annotated[int, Query(ge=1, le=100, description="Its last so many outcomes.")] = 10,
) -> VendorAnswer:
    """One vendor: VIVE's record, Vantaca's values, the changes that were written, and those that were not and why."""
    detail = ports.read_model.vendor(client, vendor, outcomes=outcomes)
    if detail is None:
        raise not_found(f"vendor {vendor} at this client")
    return VendorAnswer.of(detail)
