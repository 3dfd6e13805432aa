"""The vendor's status: Vantaca has no active or inactive, so it travels as ``complianceStatus`` and ``compliant``."""

from accounting.push_fingerprint import status_word
from accounting.vantaca.planning import mapping
from accounting.vantaca.planning.draft import Draft, as_read
from accounting.vantaca.reading import normalise
from accounting.vantaca.reading.provider import Provider
from schemas.records.integration import FieldGroup, Integration
from schemas.records.vendor_record import VendorRecord

GROUP = FieldGroup.STATUS


def plan_status(draft: Draft, record: VendorRecord, provider: Provider, integration: Integration) -> None:
    """Write the configured text and whether the vendor may be worked with, each where it differs."""
    owned = GROUP in draft.owned
    word = status_word(record, integration)
    desired = mapping.status_text(word, integration.status_texts)
    observed = normalise.text(provider.compliance_status)
    if not desired:
        if owned:
            draft.leave(
                GROUP,
                "complianceStatus",
                observed,
                "",
                "empty_value",
                f'No Vantaca status text is configured for "{word}": add it to the integration\'s status texts.',
            )
    elif desired != observed:
        if owned:
            draft.write(GROUP, "complianceStatus", desired, observed)
        else:
            draft.leave_not_owned(GROUP, "complianceStatus", observed, desired)
    if provider.compliant is not record.active:
        if owned:
            draft.write(GROUP, "compliant", record.active, as_read(provider.compliant))
        else:
            draft.leave_not_owned(GROUP, "compliant", as_read(provider.compliant), as_read(record.active))
