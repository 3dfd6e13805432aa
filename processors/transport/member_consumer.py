"""A Faust consumer that knows whether its group still counts it as a member."""

import asyncio
import time
from typing import Any, Final

from faust.transport.drivers import aiokafka as driver

from processors.transport.consumer_thread import StrictConsumerThread

MEMBERSHIP_MARGIN: Final = 1.0
"""Seconds before the end of the session at which membership is no longer taken for granted."""
MEMBERSHIP_LOOK_SECONDS: Final = 0.05


class MembershipLostError(asyncio.CancelledError):
    """The group has removed this worker, so its partitions belong to others. Raised in a task, it cancels the task."""


class MemberConsumer(driver.Consumer):
    """Answers for the group membership of this worker."""

    _thread: StrictConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session = self.app.conf.broker_session_timeout - MEMBERSHIP_MARGIN

    def _new_consumer_thread(self) -> StrictConsumerThread:
        return StrictConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def ensure_group_membership(self) -> None:
        """Wait until it is certain that the group has not given this worker's partitions away.

        A worker that was stopped for a while, or cut off, must not go on with what it had in hand: another may have done it.

        Raises:
            MembershipLostError: the group has removed this worker; no heartbeat of this membership will be accepted again.
        """
        while True:
            if not self._thread.is_member:
                raise MembershipLostError
            if time.monotonic() - self._thread.member_at <= self._session:
                return
            await asyncio.sleep(MEMBERSHIP_LOOK_SECONDS)  # heartbeats are sent by another thread
