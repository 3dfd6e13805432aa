"""client-go's workqueue, for tenants: no vendor twice at once, no event forgotten, clients in turn."""

from processors.work_queue.task import Added, EventPosition, KeyState, VendorSyncTask
from processors.work_queue.work_queue import WorkQueue

__all__ = ["Added", "EventPosition", "KeyState", "VendorSyncTask", "WorkQueue"]
