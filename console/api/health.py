"""Whether the console can do its work, for whoever starts and watches it."""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from console.http.guard import Ports

router: Final = APIRouter(tags=["health"])


class HealthAnswer(BaseModel):
    """The parts of the console, and whether each works."""

    well: bool
    database: bool
    projector: bool = Field(description="Whether it runs, and reads on or waits for Kafka.")
    caught_up: bool = Field(description="Whether it has taken in all there was.")


@router.get(
    "/health",
    responses={503: {"description": "Something does not work.", "model": HealthAnswer}},
    openapi_extra={"security": []},
    summary="Health",
)
def health(ports: Ports, response: Response) -> HealthAnswer:
    """200 while people can be served, else 503. No token is needed."""
    found = ports.health()
    response.status_code = 200 if found.well else 503
    return HealthAnswer(well=found.well, database=found.database, projector=found.projector, caught_up=found.caught_up)
