"""How much the records of short transactions delay a live change that comes behind them.

    python -m bench.transactions [--transactions 200] [--rounds 10]

Another team's producer writes so many transactions of one record each to the vendor's own partition; then the vendor changes,
and the time is taken until Vantaca's sandbox has the write. A round takes that time once behind the transactions and once
without any.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from schemas.records.integration import Mode
from schemas.topics import VENDOR_RECORD
from tests.support.transactions import Transactions
from tests.support.world import World, world_on_its_own

POLL_SECONDS = 0.002
MOST_MS = 200.0


def burst(world: World, transactions: Transactions, count: int, version: int) -> None:
    """So many transactions, each with a snapshot of the vendor: the worker keeps it and writes nothing."""
    for number in range(count):
        record = world.record(1, version=version + number)
        transactions.open(VENDOR_RECORD.name, [(record.key.to_bytes(), world.codec.encode(record, topic=""))])
        transactions.commit()


async def until_written(world: World, version: int) -> float:
    """Milliseconds from the change until its write has ended."""
    before = len(world.writes())
    change = world.record(1, version=version, legal_name=f"Name {version}", origin="change")
    await world.load([change])
    began = time.perf_counter()
    while len(world.writes()) == before:
        await asyncio.sleep(POLL_SECONDS)
    return (time.perf_counter() - began) * 1000


async def measure(transactions: int, rounds: int) -> bool:
    """Print each time, and return whether the median delay is below the limit."""
    delays = []
    with tempfile.TemporaryDirectory() as folder:
        async with world_on_its_own(Path(folder)) as world:
            world.integration = world.integration.model_copy(update={"mode": Mode.SYSTEM_OF_RECORD})
            world.providers([1])
            await world.load([world.integration, world.record(1)])
            writer = await asyncio.to_thread(Transactions, world.bootstrap)
            version = 2
            async with world.worker():
                await world.settled(await world.press())
                for number in range(rounds):
                    alone = await until_written(world, version)
                    await asyncio.to_thread(burst, world, writer, transactions, version + 1)
                    behind = await until_written(world, version + transactions + 1)
                    version += transactions + 2
                    delays.append(behind - alone)
                    print(
                        f"round {number + 1}: {alone:.0f} ms without, {behind:.0f} ms behind transactions", flush=True
                    )
    median = statistics.median(delays)
    print(f"{transactions} transactions of one record delay a live change by {median:.0f} ms (limit {MOST_MS:.0f} ms)")
    return median < MOST_MS


def main() -> None:
    """Measure; exit 1 when the delay is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    raise SystemExit(0 if asyncio.run(measure(arguments.transactions, arguments.rounds)) else 1)


if __name__ == "__main__":
    main()
