"""Whatever happens to the records of a client, and in any order: the newest good record is what the accounting system holds."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from devkit.broker import Broker
from tests.record_model.actions import Action, orders
from tests.record_model.play import Play
from tests.support.transactions import Transactions
from tests.support.world import world_of

EXAMPLES = 8


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(actions=orders)
def test_any_order_of_actions_ends_with_the_newest_good_record(kafka: Broker, actions: list[Action]) -> None:
    asyncio.run(play(kafka.bootstrap, actions))


async def play(bootstrap: str, actions: list[Action]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with world_of(bootstrap, Path(folder), mode="system_of_record") as world:
            playing = Play(world, await asyncio.to_thread(Transactions, bootstrap))
            await playing.run(actions)
            playing.names_are_in_order()
