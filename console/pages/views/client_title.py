"""The name of a client, for the top of its pages."""

from console.auth.principal import Principal
from console.pages.sentences.availability import client_name
from console.read_model.queries.read_model import ReadModel
from schemas.records.integration import Integration, KnownIntegration


def client_title(who: Principal, integration: KnownIntegration) -> str:
    """The client's name, or its id where there is none."""
    return client_name(integration) if isinstance(integration, Integration) else who.client_id


def title_of(snapshot: ReadModel, who: Principal) -> str:
    """The name of the person's client."""
    view = snapshot.client(who.client_id)
    return client_title(who, None if view is None else view.integration)
