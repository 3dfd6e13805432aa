"""Tasks of the work queue."""

from processors.work_queue import VendorSyncTask
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey


def sync_task(
    key: VendorKey,
    *offsets: int,
    lane: Lane = Lane.BULK,
    partition: int = 0,
    run_id: str | None = None,
    attempt: int = 1,
) -> VendorSyncTask:
    """A task of the events at these offsets; at offset 0 when none is given."""
    return VendorSyncTask(
        key=key,
        partition=partition,
        offsets=offsets or (0,),
        topic_id="t1",
        lane=lane,
        cause="sync_all",
        requested_by="Dana",
        run_id=run_id,
        attempt=attempt,
    )
