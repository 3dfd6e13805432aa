"""The fingerprint of the fields of a vendor record that an integration pushes, for all accounting systems."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from schemas.records.integration import FieldGroup, Integration
from schemas.records.vendor_record import VendorRecord

ACTIVE: Final = "active"
INACTIVE: Final = "inactive"
EXEMPT: Final = "exempt"
_OWN_WORDS: Final = frozenset({ACTIVE, INACTIVE, EXEMPT})


def status_word(record: VendorRecord, integration: Integration) -> str:
    """The key of ``integration.status_texts`` that stands for this vendor's status.

    ``exempt`` goes before ``active`` (forced), before the vendor's own status where the integration names it,
    before ``active`` or ``inactive``.
    """
    if record.exempt:
        return EXEMPT
    if record.force_active:
        return ACTIVE
    if record.status in integration.status_texts and record.status not in _OWN_WORDS:
        return record.status
    return ACTIVE if record.active else INACTIVE


def fingerprint(record: VendorRecord, integration: Integration) -> str:
    """A digest, 24 hexadecimal digits, of what this integration pushes of the record: its link and the groups it owns.

    Records that differ only in what is not pushed have the same one. It is the same in every process, and does not
    depend on the order of the policies.
    """
    pushed: list[object] = [record.provider_id]
    for group, part in _PARTS:
        if integration.owns(group):
            pushed.append((group.value, part(record, integration)))
    return blake2b(ascii(pushed).encode("ascii"), digest_size=12).hexdigest()


def _status(record: VendorRecord, integration: Integration) -> object:
    return integration.status_texts.get(status_word(record, integration)), record.active


def _payment_hold(record: VendorRecord, _: Integration) -> object:
    return record.hold_reason if record.payment_hold else None


def _insurance(record: VendorRecord, _: Integration) -> object:
    return sorted(
        (policy.policy_type, policy.number, policy.expires_on.toordinal() if policy.expires_on else 0)
        for policy in record.policies
        if policy.pushable
    )


def _names(record: VendorRecord, _: Integration) -> object:
    return record.legal_name, record.dba_name


def _address(record: VendorRecord, _: Integration) -> object:
    address = record.address
    return address.street, address.line2, address.city, address.state, address.zip


_PARTS: Final[tuple[tuple[FieldGroup, Callable[[VendorRecord, Integration], object]], ...]] = (
    (FieldGroup.STATUS, _status),
    (FieldGroup.PAYMENT_HOLD, _payment_hold),
    (FieldGroup.INSURANCE, _insurance),
    (FieldGroup.NAMES, _names),
    (FieldGroup.ADDRESS, _address),
)
