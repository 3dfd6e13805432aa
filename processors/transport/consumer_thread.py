"""The thread in which aiokafka's consumer runs, for the strict transport."""

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import WorkerThread

from processors.stalled import StalledError
from processors.transport.fetching_thread import FetchingThread

TOPICS_SECONDS: Final = 20.0
TOPICS_LOOK_SECONDS: Final = 0.1
COMMIT_SECONDS: Final = 3.0
"""Seconds that one commit may take: aiokafka retries for as long as Kafka is unavailable, and a worker that stops would wait."""


class DaemonThread(WorkerThread):
    """A thread that the process does not wait for when it ends: aiokafka's may hang while Kafka does not answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.daemon = True


class StrictConsumerThread(FetchingThread):
    """Commits without ending the worker while Kafka is unavailable: the ledger offers the same offsets again."""

    Worker = DaemonThread

    member_at = float("-inf")
    """When the last heartbeat that the group accepted was sent, on the monotonic clock; or the last assignment."""

    async def on_start(self) -> None:
        """Start the consumer; note when the group last confirmed this membership, and assign only with all topics known."""
        await super().on_start()
        coordinator = self._coordinator()
        beat = coordinator._do_heartbeat  # noqa: SLF001

        async def noted() -> bool:
            sent = time.monotonic()
            answered: bool = await beat()
            if answered:
                self.member_at = sent
            return answered

        coordinator._do_heartbeat = noted  # noqa: SLF001
        assign = coordinator._perform_assignment  # noqa: SLF001

        async def assign_knowingly(response: Any) -> Any:
            await self._know_topics()
            return await assign(response)

        coordinator._perform_assignment = assign_knowingly  # noqa: SLF001
        self._end_worker_with(coordinator)

    @property
    def is_member(self) -> bool:
        """Whether the worker has a member id in its group: the brokers take it back from a member that they have removed."""
        return bool(self._coordinator().member_id)

    def _coordinator(self) -> GroupCoordinator:
        return self._ensure_consumer()._coordinator  # noqa: SLF001 -- aiokafka is pinned, it publishes no membership events

    def _end_worker_with(self, coordinator: GroupCoordinator) -> None:
        """End the worker when its group membership fails for good.

        aiokafka keeps such an error for the next call of ``AIOKafkaConsumer.getmany`` and stops coordinating until then. Faust
        fetches without that method, so the worker would keep its partitions in name and never rebalance again.
        """
        keep_for_user = coordinator._push_error_to_user  # noqa: SLF001

        def end_worker(error: BaseException) -> Any:
            self._end_worker(error)
            return keep_for_user(error)

        def coordination_ended(task: "asyncio.Task[None]") -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._end_worker(error)

        coordinator._push_error_to_user = end_worker  # noqa: SLF001
        coordinator._coordination_task.add_done_callback(coordination_ended)  # noqa: SLF001

    def _end_worker(self, cause: BaseException) -> None:
        error = StalledError(
            f"The worker's membership in group {self.app.conf.id} failed: {type(cause).__name__}: {cause}. "
            "The worker ends so that it can be started anew."
        )
        loop = self.app.loop
        loop.call_soon_threadsafe(lambda: loop.create_task(self.app.crash(error)))

    async def _know_topics(self) -> None:
        """Wait until the brokers list all topics that are read.

        A broker that has just started lists none at first, and Faust's assignor then assigns no partition: the group would
        stand still until aiokafka asks again by itself, minutes later.

        Raises:
            TimeoutError: the brokers did not list them in time.
        """
        consumer = self._ensure_consumer()
        client = consumer._client  # noqa: SLF001
        async with asyncio.timeout(TOPICS_SECONDS):
            while not all(client.cluster.partitions_for_topic(topic) for topic in consumer.subscription()):
                await client.force_metadata_update()
                await asyncio.sleep(TOPICS_LOOK_SECONDS)

    async def on_thread_stop(self) -> None:
        """Leave the group and stop the consumer."""
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            # aiokafka waits for a fetch that it has cancelled, and where that was about to try again, breaks off itself.
            await self._ensure_consumer()._client.close()  # noqa: SLF001

    async def committed_metadata(self, tps: Collection[TP]) -> Mapping[TP, str]:
        """The metadata of the committed offsets; a partition without one is left out."""
        asked = [driver.ensure_aiokafka_TP(tp) for tp in tps]
        # aiokafka's consumer returns offsets only.
        found = await self.call_thread(self._coordinator().fetch_committed_offsets, asked)
        return {TP(*tp): committed.metadata for tp, committed in found.items()}

    async def _commit(self, offsets: Mapping[TP, OffsetAndMetadata]) -> bool:
        assigned = self.assignment()
        mine = {driver.ensure_aiokafka_TP(tp): committed for tp, committed in offsets.items() if tp in assigned}
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._ensure_consumer().commit(mine)
        except (CommitFailedError, IllegalStateError) as error:
            self.log.info("The group has moved on, so offsets were not committed: %s", error)
            return False
        except (KafkaError, TimeoutError) as error:
            self.log.warning("Offsets could not be committed and will be offered again: %s", type(error).__name__)
            return False
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Log nothing: Faust's reports here are often false, and the watchdog watches liveness."""
