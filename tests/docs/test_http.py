from fastapi.routing import APIRoute

from console.app import API
from tests.docs.markdown import REFERENCE, table, unquoted

TEXT = (REFERENCE / "http.md").read_text()


def test_the_table_has_every_request_and_no_other() -> None:
    routes = [route for part in API for route in part.router.routes if isinstance(route, APIRoute)]
    served = {f"{method} {route.path}" for route in routes for method in route.methods or ()}
    assert {unquoted(row["Request"]) for row in table(TEXT, "Request")} == served
