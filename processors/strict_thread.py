"""The thread in which aiokafka's consumer runs, for the strict transport."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import WorkerThread

FETCH_WAIT_MS: Final = 100
TOPICS_SECONDS: Final = 20.0
TOPICS_LOOK_SECONDS: Final = 0.1
COMMIT_SECONDS: Final = 3.0
"""How long one commit may take: aiokafka goes on trying for as long as Kafka is away, and a worker that stops would wait."""


class DaemonThread(WorkerThread):
    """A thread that the process does not wait for when it ends: aiokafka's may hang while Kafka does not answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.daemon = True


class StrictConsumerThread(driver.AIOKafkaConsumerThread):
    """Commits without ending the worker when Kafka is away: the ledger offers the same offsets again."""

    Worker = DaemonThread

    member_at = float("-inf")
    """When the last heartbeat that the group accepted was sent, on the monotonic clock; or the last assignment."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust asks the brokers to hold a fetch for 1.5 s, and a partition whose records are being handed over is not part of
        # the fetch that is held meanwhile: its next record would wait so long.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 -- aiokafka is pinned, Faust has no setting for it
        return consumer

    async def on_start(self) -> None:
        """Start the consumer; note when the group last said that this worker is one of its members, and assign knowingly."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 -- aiokafka is pinned, it tells nobody of heartbeats
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

    async def _know_topics(self) -> None:
        """Wait until the brokers tell of all topics that are read.

        One that has just started tells of none at first, and Faust's assignor then gives nobody anything: the group would
        stand still until aiokafka asks again by itself, minutes later.

        Raises:
            TimeoutError: they did not in time.
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

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        assigned = self.assignment()
        mine = {
            driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(at, "") for tp, at in offsets.items() if tp in assigned
        }
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
        """Say nothing: what Faust reports here is often false, and liveness is watched elsewhere."""
