import random
from collections import Counter
from datetime import UTC, datetime

from accounting.vantaca.sandbox import Insurance, Provider
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.wire.partitioning import partition_of
from tests.stress.probes import changed, not_worked, probe_ids
from tests.stress.rebalances import not_stressed
from tests.stress.runs import differing, unequal
from tests.stress.takeovers import Change, plan_of

ROW = Insurance(provider_insurance_id=1, insurance_type="General Liability")


def provider(number: int, *, status: str = "Approved", rows: int = 1, compliant: bool = True) -> Provider:
    insurance = tuple(ROW.model_copy(update={"provider_insurance_id": row}) for row in range(1, rows + 1))
    given = {"compliance_status": status, "compliant": compliant, "provider_insurance": insurance}
    return Provider(provider_id=number, name=f"Provider {number}").model_copy(update=given)


def record() -> VendorRecord:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return VendorRecord(
        client_id="acme",
        vendor_id="probe-1",
        version=4,
        updated_at=at,
        provider_id="7",
        compliant=True,
        origin=Origin.SNAPSHOT,
    )


def test_there_is_a_beacon_on_every_partition() -> None:
    ids = probe_ids("acme", 12)
    assert list(ids) == list(range(12))
    for partition, vendor_id in ids.items():
        assert partition_of(VendorKey("acme", vendor_id).to_bytes(), 12) == partition


def test_a_beacon_is_worked_once_an_outcome_has_its_version() -> None:
    probes = {3: changed(record())}
    assert not_worked(probes, {}) == [3]
    assert not_worked(probes, {"probe-1": 4}) == [3]
    assert not_worked(probes, {"probe-1": 5}) == []


def test_a_changed_beacon_is_pushed_at_once() -> None:
    assert (changed(record()).origin, changed(record()).compliant) == (Origin.CHANGE, False)


def test_what_was_not_written_and_what_was_written_twice_is_found() -> None:
    held = {1: provider(1), 2: provider(2, status="Pending"), 3: provider(3, rows=2), 4: provider(4, rows=0)}
    assert unequal([1, 2, 3, 4], held) == {
        2: "provider 2 is Pending, not Approved",
        3: "provider 3 has 2 insurance rows, not 1",
        4: "provider 4 has 0 insurance rows, not 1",
    }


def test_a_beacon_that_differs_is_found() -> None:
    assert differing([record()], {7: provider(7)}) == []
    assert differing([record()], {7: provider(7, compliant=False)}) == ["provider 7 is compliant=False, not True"]


def test_a_recovery_without_rows_or_lateness_is_no_stress() -> None:
    before = {"rows_recovered": 300, "late_seeks": 2}
    assert not_stressed(before, {"rows_recovered": 612, "late_seeks": 3}, rows=312, late=True) == []
    assert not_stressed(before, {"rows_recovered": 611, "late_seeks": 3}, rows=312, late=True) == [
        "a recovery ended with 311 of 312 rows"
    ]
    (found,) = not_stressed(before, {"rows_recovered": 612, "late_seeks": 2}, rows=312, late=True)
    assert found.startswith("no seek on a changelog was late")
    assert not_stressed(before, {"rows_recovered": 612, "late_seeks": 2}, rows=312, late=False) == []


def test_half_of_the_takeovers_are_freezes() -> None:
    plan = plan_of(60, random.Random(1))
    assert Counter(plan) == {
        Change.FREEZE_AND_KILL: 15,
        Change.FREEZE_AND_RESUME: 15,
        Change.KILL: 10,
        Change.STOP: 10,
        Change.JOIN: 10,
    }
