"""The street address, which only a system of record may push.

Vantaca reads one combined ``address`` and writes ``streetNo`` (an int) and ``address1`` apart. A street that begins
with a plain number is sent as both. Any other (``12A Main St``, ``PO Box 9``) goes whole into ``address1``, but only
where the address in Vantaca does not begin with a plain number: there an older ``streetNo`` may be stored, which
``address1`` does not replace (``123`` and ``12A Main St`` would read ``123 12A Main St``) and which can't be emptied.
Such an address is left alone as a whole, and so is one whose street VIVE does not have: half of one address and half
of another is worse than an old one.
"""

import re
from typing import Final

from accounting.vantaca.planning import mapping
from accounting.vantaca.planning.calls import Parameters
from accounting.vantaca.planning.draft import Draft
from accounting.vantaca.reading import normalise
from accounting.vantaca.reading.provider import Provider
from schemas.records.integration import FieldGroup
from schemas.records.vendor_record import VendorRecord

GROUP = FieldGroup.ADDRESS

_MAY_HOLD_A_NUMBER: Final = re.compile(r"[0-9]+(?: |$)")
_NUMBER_STAYS: Final = (
    "Vantaca keeps the number of the old address apart and would put it before this street: "
    "change this address in Vantaca."
)
_WITH_STREET: Final = (
    "The street can't be written, and an address is not mixed from two: change this address in Vantaca."
)
_NO_STREET: Final = "VIVE has no street, and an address is not mixed from two: fill in the street in VIVE."


def plan_address(draft: Draft, record: VendorRecord, provider: Provider) -> None:
    """Write the parts of the address that differ."""
    address, text = record.address, normalise.text
    held_back = _plan_street(draft, text(address.street), text(provider.address))
    for parameter, desired, observed, same in (
        ("address2", text(address.line2), text(provider.unit), text),
        ("city", text(address.city), text(provider.city), text),
        ("state", text(address.state), text(provider.state), normalise.state),
        ("zip", text(address.zip), text(provider.zip), normalise.zip_code),
    ):
        if desired == observed or same(desired) == same(observed):
            continue
        if GROUP not in draft.owned:
            if desired:
                draft.leave_not_owned(GROUP, parameter, observed, desired)
        elif not desired:
            draft.leave_empty(GROUP, parameter, observed)
        elif held_back:
            draft.leave(GROUP, parameter, observed, desired, *held_back)
        else:
            draft.write(GROUP, parameter, desired, observed)


def _plan_street(draft: Draft, street: str, observed: str) -> tuple[str, str] | None:
    """Write the street; where it can't be, the code and the reason for which the rest is held back."""
    if street == observed:
        return None
    if GROUP not in draft.owned:
        if street:
            draft.leave_not_owned(GROUP, "address", observed, street)
        return None
    if not street:
        draft.leave_empty(GROUP, "address", observed)
        return "empty_value", _NO_STREET
    parameters = street_parameters(street, observed)
    if not parameters:
        draft.leave(GROUP, "address", observed, street, "invalid_value", _NUMBER_STAYS)
        return "invalid_value", _WITH_STREET
    draft.fields.extend(parameters)
    draft.change(GROUP, "address", observed, street)
    return None


def street_parameters(street: str, observed: str) -> Parameters:
    """The parameters that replace the observed street; none where they would corrupt it."""
    parts = mapping.street_parts(street)
    if parts is not None:
        number, rest = parts
        return (("streetNo", number), ("address1", rest))
    if _MAY_HOLD_A_NUMBER.match(observed):
        return ()
    return (("address1", street),)
