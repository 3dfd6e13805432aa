"""Starts what a stress needs: Kafka, sandbox, vendors and their probes."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from messaging.topic_admin import admin_of, create_topics
from schemas.topics import DEFAULT_PARTITIONS, VENDOR_TABLE_CHANGELOG
from tests.stress.harness import Harness
from tests.stress.kafka_nodes import RunningKafka, kafka_of
from tests.stress.observations import Observations
from tests.stress.outcome_tail import OutcomeTail
from tests.stress.plan import Plan
from tests.stress.probes import FIRST_PROVIDER, probe_ids
from tests.support.world import World, world_of, world_on_its_own

SEGMENT_BYTES: Final = 1024 * 1024
"""The least that Kafka 4 takes. ``segment.ms`` is declared, and workers refuse a topic with another one."""
POLICY: Final = {"policy_type": "General Liability", "number": "GL-1", "expires_on": "2027-03-31"}


@asynccontextmanager
async def own_harness(
    plan: Plan, name: str, seen: Observations, *, vendors: int, late: float = 0.0, forget: bool = False
) -> AsyncIterator[Harness]:
    """A harness on a Kafka of its own.

    Args:
        plan: what was asked for.
        name: of the folder with its logs.
        seen: where its observations go.
        vendors: how many there are.
        late: seconds by which seeks on the changelog are answered late.
        forget: whether workers forget all rows at every rebalance.
    """
    folder = plan.folder / name
    folder.mkdir()
    async with (
        world_on_its_own(folder) as world,
        _harness_on(world, plan, seen, vendors=vendors, late=late, forget=forget) as harness,
    ):
        yield harness


@asynccontextmanager
async def harness_with_kafka(
    plan: Plan, seen: Observations, *, nodes: int, vendors: int
) -> AsyncIterator[tuple[Harness, RunningKafka]]:
    """A harness whose Kafka may be restarted node by node, and whose workers may end and be started again."""
    folder = plan.folder / f"kafka-of-{nodes}"
    folder.mkdir()
    async with kafka_of(nodes) as kafka:
        await asyncio.to_thread(create_topics, admin_of(kafka.bootstrap), replication=nodes)
        async with (
            world_of(kafka.bootstrap, folder) as world,
            _harness_on(world, plan, seen, vendors=vendors, may_restart=True) as harness,
        ):
            yield harness, kafka


@asynccontextmanager
async def _harness_on(
    world: World,
    plan: Plan,
    seen: Observations,
    *,
    vendors: int,
    late: float = 0.0,
    forget: bool = False,
    may_restart: bool = False,
) -> AsyncIterator[Harness]:
    """Vendors are loaded, and their providers differ only in a missing insurance row; no worker runs yet."""
    await asyncio.to_thread(_compact_early, world.bootstrap)
    probes = {
        partition: world.record(FIRST_PROVIDER + partition, vendor_id=vendor_id)
        for partition, vendor_id in probe_ids(world.client_id, DEFAULT_PARTITIONS).items()
    }
    numbers = range(1, vendors + 1)
    world.providers([*numbers, *(FIRST_PROVIDER + partition for partition in probes)])
    records = [world.record(number, policies=[POLICY]) for number in numbers]
    await world.load([world.integration, *records, *probes.values()])
    with tempfile.TemporaryDirectory(prefix="stress-") as control:
        harness = Harness(
            world=world,
            tree=plan.tree,
            late=late,
            forget=forget,
            trial_timeout=plan.trial_timeout,
            tail=OutcomeTail(world.bootstrap, world.client_id, world.codec),
            control=Path(control),
            seen=seen,
            may_restart=may_restart,
            vendors=vendors,
            probes=probes,
        )
        try:
            yield harness
        finally:
            harness.tail.close()


def _compact_early(bootstrap: str) -> None:
    """Let Kafka compact the changelog every few thousand rows: else each of hundreds of recoveries is longer than the last."""
    entry = ConfigEntry("segment.bytes", str(SEGMENT_BYTES), incremental_operation=AlterConfigOpType.SET)
    changelog = ConfigResource(ResourceType.TOPIC, VENDOR_TABLE_CHANGELOG.name, incremental_configs=[entry])
    admin = admin_of(bootstrap)
    for altered in admin.incremental_alter_configs([changelog]).values():
        altered.result()
