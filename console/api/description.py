"""The OpenAPI description of the HTTP interface."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from console.http.problems import ProblemDetails

REFS: Final = "#/components/schemas/{model}"
ABOUT: Final = (
    "Press Sync All Vendors for a client, and see what became of each vendor. Only a Client Admin of a client may press or look: "
    "a token without the role is answered 403, another client's id 404, before anything is done. "
    "What goes wrong is told as problem details (RFC 9457)."
)
SECURITY: Final[dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Claims: `sub`, `client_id`, `roles` (a list), `exp`, `iss`, `aud`; or `name` too.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "vive_session",
        "description": "The same token, set by `POST /session`. What changes something then needs our own `Origin`.",
    },
}


def describe(app: FastAPI) -> None:
    """Let the app's description have the problems and who may."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI) -> dict[str, Any]:
    described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = ProblemDetails.model_json_schema(ref_template=REFS)
    nested = schemas.pop("$defs", {})
    components = described.setdefault("components", {})
    components.setdefault("schemas", {}).update({**nested, ProblemDetails.__name__: schemas})
    components["securitySchemes"] = SECURITY
    described["security"] = [{name: []} for name in SECURITY]
    return described
