"""What follows where the newest record of a client's integration can't be read."""

from datetime import timedelta

from processors.expansion.decisions import expand
from processors.vendor_records.decisions import RecordChange, judge
from processors.vendor_sync.failure import park_waiting
from processors.vendor_sync.preparation import prepare
from processors.vendor_sync.settlement import NotSynced
from schemas.records.integration import UnreadableIntegration, ineligible_reason
from schemas.records.outcome import Status
from schemas.records.sync_run import Lane, RunPart, SyncRequested
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from tests.support.messages import NOW, vendor_record

UNREADABLE = UnreadableIntegration(code="undecodable", reason="It is garbage.")
SENTENCE = ineligible_reason("acme", UNREADABLE)
KEY = VendorKey("acme", "v1")


def test_a_vendor_is_parked_with_the_reason() -> None:
    record = vendor_record()
    for row, known in ((VendorRow(record=record), record), (VendorRow(), None), (None, None)):
        assert prepare(KEY, row, UNREADABLE) == NotSynced(
            status=Status.PARKED, record=known, reason=f"{SENTENCE} VIVE then syncs this vendor by itself."
        )


def test_a_vendor_that_waits_in_the_queue_is_parked_for_the_same_reason() -> None:
    assert park_waiting("acme", UNREADABLE) == prepare(KEY, None, UNREADABLE)
    assert "refuses the credentials" in park_waiting("acme", None).reason


def test_a_press_is_refused_with_the_reason() -> None:
    request = SyncRequested(run_id="run", client_id="acme", requested_by="Dana", requested_at=NOW)
    expanded = expand(request, UNREADABLE, partitions=12, now=NOW)
    assert (expanded.run.part, expanded.run.refusal, expanded.shards) == (RunPart.REFUSED, SENTENCE, ())


def test_every_change_is_queued_for_nobody_knows_what_is_pushed() -> None:
    settled = VendorRow(record=vendor_record(), settled_fingerprint="of an older integration")
    later = vendor_record(updated_at=NOW + timedelta(minutes=1))
    event = judge(RecordChange(before=settled, record=later), UNREADABLE, NOW)
    assert event is not None
    assert (event.key, event.lane) == (later.key, Lane.LIVE)
