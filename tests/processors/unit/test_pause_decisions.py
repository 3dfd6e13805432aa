import pytest

from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from processors.vendor_sync.pause_decisions import (
    ParkedVendor,
    Probe,
    Resume,
    StayPaused,
    credentials_accepted,
    next_step,
    provider_to_probe,
    without_pending,
)
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from tests.support.messages import NOW, integration, vendor_record

CLIENT = integration()
ROOF, POOL, LAWN = (ParkedVendor(1, VendorKey("acme", name)) for name in ("roof", "pool", "lawn"))
LIFT = ParkedVendor(2, VendorKey("zest", "lift"))


def step(
    *parked: ParkedVendor,
    client: KnownIntegration = CLIENT,
    was_unreadable: bool = False,
    any_waiting: bool = False,
    seconds: float = 0.0,
) -> Resume | Probe | StayPaused:
    return next_step(
        "acme", client, was_unreadable=was_unreadable, parked=parked, any_waiting=any_waiting, seconds=seconds
    )


def test_each_second_probes_another_vendor() -> None:
    probed = [step(ROOF, POOL, LAWN, seconds=seconds) for seconds in (9.0, 10.2, 11.9, 12.0)]
    assert probed == [Probe(vendor, CLIENT) for vendor in (ROOF, POOL, LAWN, ROOF)]


def test_a_client_without_parked_rows_stays_paused_while_its_vendors_leave_the_queue() -> None:
    assert step(any_waiting=True) == StayPaused()


def test_a_client_without_any_vendor_left_is_resumed() -> None:
    assert step() == Resume()


@pytest.mark.parametrize("unfit", [None, integration(mode="one_way"), integration(ended_at=NOW)])
def test_a_client_that_cannot_be_synced_any_more_is_resumed_without_a_probe(unfit: Integration | None) -> None:
    assert step(ROOF, client=unfit, any_waiting=True) == Resume()


@pytest.mark.parametrize("was_unreadable", [False, True])
def test_a_client_whose_integration_cannot_be_read_stays_paused_without_a_probe(*, was_unreadable: bool) -> None:
    unreadable = UnreadableIntegration(code="invalid", reason="It is garbage.")
    assert step(ROOF, POOL, client=unreadable, was_unreadable=was_unreadable) == StayPaused()
    assert step(client=unreadable, was_unreadable=was_unreadable) == StayPaused()


def test_a_client_whose_integration_can_be_read_again_is_resumed_without_a_probe() -> None:
    assert step(ROOF, was_unreadable=True) == Resume()


@pytest.mark.parametrize(
    ("error", "accepted"),
    [
        (None, True),
        (ProviderMissingError("Provider 17 is not there."), True),
        (RejectedError("Refused."), True),
        (AccountingError("Its answer can't be read."), True),
        (CredentialsRefusedError("Refused."), False),
        (UnavailableError("No answer."), False),
        (ThrottledError("Not now."), False),
    ],
)
def test_any_answer_about_the_provider_shows_that_the_credentials_are_accepted(
    error: AccountingError | None, *, accepted: bool
) -> None:
    assert credentials_accepted(error) is accepted


def test_vendors_that_are_queued_again_are_neither_probed_nor_queued_once_more() -> None:
    parked = {"acme": [ROOF, POOL], "zest": [LIFT]}
    assert without_pending(parked, lambda _partition, key: key in {POOL.key, LIFT.key}) == {"acme": [ROOF]}


def test_a_vendor_without_a_link_has_no_provider_to_probe() -> None:
    assert provider_to_probe(VendorRow(record=vendor_record(provider_id="17"))) == "17"
    for row in (None, VendorRow(), VendorRow(record=vendor_record(provider_id=None))):
        assert provider_to_probe(row) is None
