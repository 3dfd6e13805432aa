"""A run's own page."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from console.http.guard import Admin, Ports
from console.http.problems import Problem, not_found
from console.pages.addresses import ACCOUNTING, Addresses
from console.pages.rendering import Pages
from console.pages.views.client_title import title_of
from console.pages.views.listing import PAGE_SIZE, Listing, VendorListQuery, choices, vendor_list_query
from console.read_model.store.views import VendorState
from schemas.message import Identifier

router: Final = APIRouter(prefix=ACCOUNTING)


@router.get("/runs/{run}")
def page(
    client: Identifier,
    run: Identifier,
    who: Admin,
    ports: Ports,
    renderer: Pages,
    listed: Annotated[VendorListQuery, Depends(vendor_list_query)],
) -> Response:
    """The run, and its vendors by their state in it."""
    with ports.read_model.snapshot() as snapshot:
        view = snapshot.run(client, run)
        if view is None:
            raise not_found(f"sync {run}")
        title = title_of(snapshot, who)
        try:
            vendors = snapshot.run_vendors(
                client, run, states=listed.states, search=listed.search, limit=PAGE_SIZE, cursor=listed.cursor
            )
        except ValueError as error:
            raise Problem(422, "not-valid", "Not valid", str(error)) from error
    to = Addresses(client)
    path = to.run(run)
    by_state = dict(view.by_state)
    if view.unlinked:
        by_state[VendorState.UNLINKED] = view.unlinked
    return renderer.page(
        "run.html",
        who=who,
        client_title=title,
        to=to,
        here=path,
        run=view,
        vendors_heading="Vendors of this sync",
        no_vendors="No vendor has been queued by this sync yet.",
        listing=Listing(page=vendors, query=listed, path=path, choices=choices(by_state, listed, path)),
    )
