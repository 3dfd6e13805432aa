"""A run's own page."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from console.http.guard import Admin
from console.http.problems import Problem, not_found
from console.pages.addresses import Addresses
from console.pages.rendering import Renderer
from console.pages.views.client_of import title_of
from console.pages.views.listing import PAGE_SIZE, Listing, VendorListQuery, asked, choices
from console.ports import ConsolePorts
from console.read_model.store.views import VendorState
from schemas.message import Identifier


def routes(parts: ConsolePorts, renderer: Renderer) -> APIRouter:
    """The page."""
    router = APIRouter()

    @router.get("/runs/{run}")
    def page(
        client: Identifier, run: Identifier, who: Admin, listed: Annotated[VendorListQuery, Depends(asked)]
    ) -> Response:
        """The run, and its vendors by what became of them in it."""
        view = parts.read_model.run(client, run)
        if view is None:
            raise not_found(f"sync {run}")
        try:
            vendors = parts.read_model.run_vendors(
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
            client_title=title_of(parts.read_model, who),
            to=to,
            here=path,
            run=view,
            vendors_heading="Vendors of this sync",
            no_vendors="No vendor has been queued by this sync yet.",
            listing=Listing(page=vendors, asked=listed, path=path, choices=choices(by_state, listed, path)),
        )

    return router
