import pytest

from processors.vendor_sync.preparation import PreparedSync, prepare
from processors.vendor_sync.settlement import NotSynced
from schemas.records.integration import Integration, ineligible_reason
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from tests.support.messages import NOW, integration, vendor_record

KEY = VendorKey("acme", "v1")
RECORD = vendor_record()
CLIENT = integration()


def test_a_linked_vendor_of_a_fit_client_is_ready() -> None:
    row = VendorRow(record=RECORD)
    assert prepare(KEY, row, CLIENT) == PreparedSync(
        row=row, record=RECORD, provider_id="17", in_force=CLIENT, integration=CLIENT
    )


@pytest.mark.parametrize(
    "unfit", [None, integration(mode="one_way"), integration(system="cinc"), integration(ended_at=NOW)]
)
def test_a_vendor_of_a_client_that_cannot_be_synced_is_skipped_with_the_reason(unfit: Integration | None) -> None:
    assert prepare(KEY, VendorRow(record=RECORD), unfit) == NotSynced(
        status=Status.SKIPPED, reason=ineligible_reason("acme", unfit) or "never empty"
    )


@pytest.mark.parametrize("row", [None, VendorRow()])
def test_a_vendor_that_is_gone_is_skipped(row: VendorRow | None) -> None:
    assert prepare(KEY, row, CLIENT) == NotSynced(
        status=Status.SKIPPED, reason="VIVE has no data on vendor v1 any more."
    )


def test_an_unlinked_vendor_is_skipped_with_what_to_do() -> None:
    unlinked = vendor_record(provider_id=None)
    result = prepare(KEY, VendorRow(record=unlinked), CLIENT)
    assert isinstance(result, NotSynced)
    assert (result.status, result.record) == (Status.SKIPPED, unlinked)
    assert "not linked to a provider" in result.reason
