"""The name of a client, for the top of its pages."""

from console.auth.principal import Principal
from console.pages.sentences.availability import client_name
from console.read_model.queries.read_model import ReadModel
from schemas.records.integration import Integration


def client_title(who: Principal, integration: Integration | None) -> str:
    """The client's name, or its id where there is none."""
    return who.client_id if integration is None else client_name(integration)


def title_of(snapshot: ReadModel, who: Principal) -> str:
    """The name of the person's client."""
    view = snapshot.client(who.client_id)
    return client_title(who, None if view is None else view.integration)
