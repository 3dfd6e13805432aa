"""The page's words for states, field groups, fields and causes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from console.read_model.store.views import VendorState
from schemas.records.integration import FieldGroup, Mode
from schemas.records.vendor_sync import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class StateWords:
    """How a state is called, and its colour's name in the style sheet."""

    label: str
    tone: str
    means: str
    """The state as a sentence about one vendor."""


STATES: Final[Mapping[VendorState, StateWords]] = {
    VendorState.QUEUED: StateWords(label="Queued", tone="waiting", means="It waits for its turn."),
    VendorState.WRITING: StateWords(label="In progress", tone="busy", means="It is being written right now."),
    VendorState.UPDATED: StateWords(label="Updated", tone="good", means="What differed was written to Vantaca."),
    VendorState.UNCHANGED: StateWords(
        label="Unchanged", tone="quiet", means="Vantaca agreed already, so nothing was written."
    ),
    VendorState.LEFT_ALONE: StateWords(
        label="Left alone", tone="left", means="Something differs that VIVE does not write, and it was left."
    ),
    VendorState.FAILED: StateWords(
        label="Failed", tone="warn", means="It did not work this time; VIVE tries again by itself."
    ),
    VendorState.REJECTED: StateWords(label="Rejected", tone="bad", means="Its data can't be synced as it is."),
    VendorState.MISSING: StateWords(label="Missing", tone="bad", means="The linked provider is not in Vantaca."),
    VendorState.PARKED: StateWords(
        label="Waiting", tone="warn", means="It waits until syncing can go on at this client."
    ),
    VendorState.SKIPPED: StateWords(label="Skipped", tone="quiet", means="There was nothing to do."),
    VendorState.UNLINKED: StateWords(
        label="Not linked", tone="quiet", means="It is not linked to a provider in Vantaca, so it is not synced."
    ),
    VendorState.NEVER_SYNCED: StateWords(label="Never synced", tone="quiet", means="It has not been synced yet."),
}

PROGRESS: Final = (
    VendorState.QUEUED,
    VendorState.WRITING,
    VendorState.UPDATED,
    VendorState.UNCHANGED,
    VendorState.LEFT_ALONE,
    VendorState.FAILED,
    VendorState.REJECTED,
    VendorState.MISSING,
    VendorState.PARKED,
    VendorState.SKIPPED,
)
"""The states of a vendor in a run, in the order in which they are counted on the page."""

ALWAYS_COUNTED: Final = frozenset(PROGRESS[:6])
"""Shown also where they count none."""

MODES: Final[Mapping[Mode, tuple[str, str]]] = {
    Mode.ONE_WAY: ("One-way", "VIVE reads vendors from Vantaca and writes nothing there."),
    Mode.TWO_WAY: (
        "Two-way",
        "VIVE reads vendors from Vantaca, and writes there what VIVE owns. Everything else stays Vantaca's.",
    ),
    Mode.SYSTEM_OF_RECORD: (
        "System of Record",
        "VIVE is where vendor data is kept: what VIVE owns is written to Vantaca, names and address included.",
    ),
}

GROUPS: Final[Mapping[FieldGroup, str]] = {
    FieldGroup.STATUS: "Status",
    FieldGroup.PAYMENT_HOLD: "Payment hold",
    FieldGroup.INSURANCE: "Insurance",
    FieldGroup.NAMES: "Names",
    FieldGroup.ADDRESS: "Address",
}

_FIELDS: Final = {
    "complianceStatus": "Compliance status",
    "compliant": "Compliant",
    "onHold": "Payment hold",
    "onHoldReason": "Hold reason",
    "name": "Legal name",
    "dbaName": "DBA name",
    "address": "Street",
    "address2": "Unit",
    "city": "City",
    "state": "State",
    "zip": "ZIP code",
}
_OF_POLICY: Final = {
    "accountNo": "policy number",
    "expirationDate": "expiration date",
    "isRequired": "required",
}


def plain(word: str) -> str:
    """A word of a program as a person reads it: ``never_synced`` is Never synced."""
    return word.replace("_", " ").capitalize()


def field_label(field: str) -> str:
    """A field's name for a person: ``complianceStatus`` is Compliance status; a policy keeps its own name."""
    policy, colon, of_policy = field.rpartition(": ")
    if colon and of_policy in _OF_POLICY:
        return f"{policy}: {_OF_POLICY[of_policy]}"
    return _FIELDS.get(field) or field


def group_label(group: str) -> str:
    """A field group's name, or the text itself where it is none of ours."""
    return GROUPS[FieldGroup(group)] if group in set(FieldGroup) else plain(group)


def caused_by(cause: str, person: str) -> str:
    """The cause of a sync, such as ``Dana, with Sync All Vendors``."""
    by = person or "VIVE"
    match cause:
        case Cause.SYNC_ALL:
            return f"{by}, with Sync All Vendors"
        case Cause.VENDOR_CHANGED:
            return f"a change of the vendor in VIVE by {person}" if person else "a change of the vendor in VIVE"
        case Cause.RETRY:
            return "VIVE, trying again by itself"
        case Cause.REDRIVE:
            return f"{by}, trying again"
        case Cause.RECONCILE:
            return f"{by}, with a reconciliation"
        case _:
            return f"{by} ({plain(cause)})"


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 vendor``, ``1,200 vendors``."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def as_sentence(text: str) -> str:
    """A text that ends as a sentence does."""
    text = re.sub(r"\s+", " ", text).strip()
    return text if not text or text[-1] in ".!?" else f"{text}."
