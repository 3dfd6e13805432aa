"""The nodes of a Kafka that can be stopped, killed and started again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from devkit.broker import LocalBroker, LocalCluster


@dataclass(frozen=True, kw_only=True)
class KafkaNode:
    """One node. Each of the three returns when it is done; ``start`` when the node answers."""

    stop: Callable[[], None]
    kill: Callable[[], None]
    start: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class RunningKafka:
    """A Kafka on local Java."""

    bootstrap: str
    nodes: tuple[KafkaNode, ...]


@asynccontextmanager
async def kafka_of(nodes: int) -> AsyncIterator[RunningKafka]:
    """A single node, or a cluster of several."""
    if nodes == 1:
        single = await asyncio.to_thread(LocalBroker.start)
        with single:
            only = KafkaNode(stop=single.stop, kill=single.kill, start=single.restart)
            yield RunningKafka(bootstrap=single.bootstrap, nodes=(only,))
        return
    several = await asyncio.to_thread(partial(LocalCluster.start, nodes=nodes))
    with several:
        yield RunningKafka(
            bootstrap=several.bootstrap,
            nodes=tuple(
                KafkaNode(
                    stop=partial(several.stop, number),
                    kill=partial(several.kill, number),
                    start=partial(several.restart, number),
                )
                for number in several.nodes
            ),
        )
