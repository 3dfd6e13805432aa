"""Whether a vendor can be synced, and the data that its sync needs."""

from dataclasses import dataclass

from processors.vendor_sync.record_trouble import held_record, only_holds, rejection
from processors.vendor_sync.settlement import NotSynced
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration, ineligible_reason
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import RecordTrouble, VendorRow
from schemas.systems import display_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSync:
    """The data and the integration of a vendor that can be synced.

    With a ``rejection``, the reason why the vendor's newest record can't be used, only a payment hold is placed.
    """

    row: VendorRow
    record: VendorRecord
    provider_id: str
    in_force: Integration
    """The client's integration."""
    integration: Integration
    """The same, or only the part of it by which this vendor is synced."""
    rejection: str | None = None


def prepare(key: VendorKey, row: VendorRow | None, integration: KnownIntegration) -> PreparedSync | NotSynced:
    """Return what the sync of this vendor needs, or the result that explains why it waits or is skipped."""
    if isinstance(integration, UnreadableIntegration):
        return wait_for_integration(key.client_id, integration, None if row is None else row.record)
    refusal = ineligible_reason(key.client_id, integration)
    if integration is None or refusal is not None:
        return NotSynced(status=Status.SKIPPED, reason=refusal or "")
    if row is not None and row.trouble is not None:
        return _prepare_in_trouble(row, row.trouble, integration)
    if row is None or row.record is None:
        return NotSynced(status=Status.SKIPPED, reason=f"VIVE has no data on vendor {key.vendor_id} any more.")
    if row.record.provider_id is None:
        return NotSynced(
            status=Status.SKIPPED,
            record=row.record,
            reason=f"Vendor {key.vendor_id} is not linked to a provider in {display_name(integration.system)}: "
            "link it to have it synced.",
        )
    return PreparedSync(
        row=row,
        record=row.record,
        provider_id=row.record.provider_id,
        in_force=integration,
        integration=integration,
    )


def wait_for_integration(client_id: str, integration: UnreadableIntegration, record: VendorRecord | None) -> NotSynced:
    """Park a vendor until its client's integration can be read: the unreadable record may name another company."""
    return NotSynced(
        status=Status.PARKED,
        reason=f"{ineligible_reason(client_id, integration)} VIVE then syncs this vendor by itself.",
        record=record,
    )


def _prepare_in_trouble(row: VendorRow, trouble: RecordTrouble, integration: Integration) -> PreparedSync | NotSynced:
    reason, record = rejection(trouble, row.record), held_record(row, integration)
    if record is None or record.provider_id is None:
        return NotSynced(status=Status.REJECTED, reason=reason, record=row.record)
    return PreparedSync(
        row=row,
        record=record,
        provider_id=record.provider_id,
        in_force=integration,
        integration=only_holds(integration),
        rejection=reason,
    )
