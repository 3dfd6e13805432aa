from accounting.port import Plan
from processors.vendor_sync.outcomes import announce
from schemas.records.outcome import Change, LeftAlone, Status
from schemas.records.vendor_key import VendorKey
from tests.support.messages import NOW, vendor_record
from tests.support.tasks import sync_task

CHANGE = Change(group="status", field="complianceStatus", before="Pending", after="Approved")
NOT_OWNED = LeftAlone(
    group="names", field="name", observed="Joe", desired="Joe's", code="not_owned", reason="VIVE does not own names."
)
PLAN = Plan(provider_id="17", calls=("call",), changes=(CHANGE,), left_alone=(NOT_OWNED,))
TASK = sync_task(VendorKey("acme", "v1"), 41, run_id="run", attempt=2)
RECORD = vendor_record(version=3)


def test_what_is_about_to_be_written_is_announced_and_answers_nothing() -> None:
    announced = announce(TASK, RECORD, PLAN, observed_at=NOW, worker="w1", now=NOW)
    assert (announced.status, announced.through_offset) == (Status.WRITING, -1)
    assert (announced.changes, announced.left_alone, announced.observed_at) == ((CHANGE,), (NOT_OWNED,), NOW)
    assert (announced.provider_id, announced.record_version, announced.run_id) == ("17", 3, "run")
