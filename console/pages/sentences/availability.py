"""Why the button is not there, in the page's words. Whether it is there is decided where every producer decides it."""

from typing import Final

from schemas.records.integration import Integration, KnownIntegration, Mode, UnreadableIntegration, ineligible_reason
from schemas.systems import VANTACA

UNREADABLE: Final = "VIVE can't read the settings of this client's integration."
UNTIL_CORRECTED: Final = "Nothing is sent to Vantaca until they are corrected."


def unavailable_because(client_id: str, integration: KnownIntegration) -> str | None:
    """Why this client's vendors can't be synced, as a sentence for the page; None where they can."""
    reason = ineligible_reason(client_id, integration)
    if reason is None or integration is None:
        return reason
    if isinstance(integration, UnreadableIntegration):
        return f"Sync All Vendors is not available: {UNREADABLE} {UNTIL_CORRECTED}"
    name = client_name(integration)
    if integration.ended_at is not None:
        day = f"{integration.ended_at.day} {integration.ended_at:%B %Y}"
        return f"Sync All Vendors is not available: the integration of {name} ended on {day}."
    if integration.system != VANTACA:
        return f"Sync All Vendors is not available: it works with Vantaca, and {name} keeps its books in {integration.system}."
    if integration.mode is Mode.ONE_WAY:
        return (
            "Sync All Vendors is not available: this integration is one-way, so VIVE only reads from Vantaca. "
            "It needs a two-way or System of Record integration."
        )
    return reason


def client_name(integration: Integration) -> str:
    """The client's name, or its id where it has none."""
    return integration.client_name or integration.client_id
