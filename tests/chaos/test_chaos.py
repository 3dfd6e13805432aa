"""A short form of the chaos suite; ``make chaos SEEDS=20`` is the long one."""

import time
from pathlib import Path

import pytest

from accounting.vantaca.sandbox import Latency
from console.topic_queries.runs import status_of
from tests.chaos.environment import Stage, stage_of
from tests.chaos.invariants import answers, uncommitted, until_well
from tests.chaos.many import count
from tests.chaos.scenario import play, report
from tests.chaos.schedule import schedule_of
from tests.support.slowness import patient

ONE_NODE, THREE_NODES = 2, 3
MANY = 2000


@pytest.mark.timeout(420)
@pytest.mark.parametrize("seed", [ONE_NODE, THREE_NODES])
async def test_whatever_breaks_nothing_is_lost_doubled_or_touched(seed: int, tmp_path: Path) -> None:
    played = await play(schedule_of(seed), folder=tmp_path)
    assert not played.wrong, report(played)


@pytest.mark.timeout(300)
async def test_the_suite_sees_what_an_acknowledgement_before_the_outcome_loses(tmp_path: Path) -> None:
    async with stage_of(
        folder=tmp_path, nodes=1, small_kafka_disk=False, small_worker_disk=False, vendors=MANY, weakness="early"
    ) as stage:
        stage.sandbox.faults.put("slow", Latency(min_seconds=5.0, max_seconds=5.0))
        for client in stage.books:
            await stage.press(client)
        deadline = time.monotonic() + patient(120)
        for look in (unexpanded, uncommitted):
            await until_well(look, stage, deadline)
        assert not unexpanded(stage)
        for slot in stage.slots.values():
            slot.process.kill()
        stage.sandbox.faults.remove("slow")
        found = await answers(stage, seconds=10.0)
    assert [sentence for sentence in found if "is not settled" in sentence], found
    assert not [sentence for sentence in found if "committed" in sentence], found


def unexpanded(stage: Stage) -> list[str]:
    """Which runs have not named all of their vendors."""
    return [run_id for run_id in stage.runs if not status_of(stage.bootstrap, run_id, stage.codec).expanded]


@pytest.mark.timeout(420)
async def test_no_event_is_lost_while_workers_come_and_go(tmp_path: Path) -> None:
    counted = await count(folder=tmp_path, events=3000, seconds=15.0, seed=1)
    assert counted.lost == 0
    assert counted.wrong == ()
    assert counted.events > 2800
