"""What the accounting system must hold after some actions. Pure."""

from dataclasses import dataclass, field, replace
from typing import Final

from tests.record_model.actions import Action, BadIntegration, BadRecord, NewIntegration, NewRecord, Tombstone

NOTHING: Final = 0
FIRST_VERSION: Final = 10


@dataclass(frozen=True)
class Vendor:
    """What counts of a vendor's records. A serial number names a record; 0 stands for none."""

    version: int = FIRST_VERSION
    good: int = NOTHING
    """The newest record that can be acted on."""
    hold: int = NOTHING
    """The record whose hold must be in place; that of the newest good one, or of a stale one that was updated later."""
    bad: bool = False


@dataclass(frozen=True)
class Expected:
    """The client's vendors, and its integration; ``serial`` numbers records and integrations."""

    serial: int = 1
    integration: int = 1
    integration_is_good: bool = True
    vendors: dict[int, Vendor] = field(default_factory=dict)

    def vendor(self, number: int) -> Vendor:
        return self.vendors.get(number, Vendor())

    def after(self, action: Action) -> "Expected":
        """The state after an action; each gets the next serial number."""
        following = replace(self, serial=self.serial + 1)
        match action:
            case NewRecord() | BadRecord() | Tombstone():
                vendor = _after(self.vendor(action.vendor), action, following.serial)
                return replace(following, vendors=self.vendors | {action.vendor: vendor})
            case NewIntegration():
                return replace(following, integration=following.serial, integration_is_good=True)
            case BadIntegration():
                return replace(following, integration_is_good=False)
            case _:
                return following


def _after(vendor: Vendor, action: NewRecord | BadRecord | Tombstone, serial: int) -> Vendor:
    match action:
        case NewRecord():
            return Vendor(vendor.version + action.gap, good=serial, hold=serial if action.hold else NOTHING)
        case BadRecord() if action.stale and not vendor.good:
            return vendor  # nothing is kept that it could be older than: the play leaves it out
        case BadRecord():
            wanted = serial if action.stale and action.hold and not vendor.hold else vendor.hold
            return replace(vendor, bad=True, hold=wanted)
        case Tombstone():
            return Vendor(vendor.version)
