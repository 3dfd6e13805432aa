"""A short form of the chaos suite; ``make chaos SEEDS=20`` is the long one."""

from pathlib import Path

import pytest

from tests.chaos.many import count
from tests.chaos.play import play, report
from tests.chaos.schedule import Fault, Schedule, Strike, schedule_of

ONE_NODE, THREE_NODES = 2, 3
KILLS = Schedule(
    seed=-1,
    nodes=1,
    strikes=(
        Strike(at=8.0, seconds=6.0, fault=Fault.VANTACA_SLOW, draw=0.0),
        *(Strike(at=at, seconds=1.0, fault=Fault.WORKER_KILLED, draw=0.0) for at in (12.0, 12.2)),
    ),
    presses=(0.0, 9.0),
    changes=(),
)
"""Both workers, in the middle of the work of the last press, which Vantaca draws out."""
MANY = 2000


@pytest.mark.timeout(420)
@pytest.mark.parametrize("seed", [ONE_NODE, THREE_NODES])
async def test_whatever_breaks_nothing_is_lost_doubled_or_touched(seed: int, tmp_path: Path) -> None:
    played = await play(schedule_of(seed), folder=tmp_path)
    assert not played.wrong, report(played)


@pytest.mark.timeout(300)
async def test_the_suite_sees_what_an_acknowledgement_before_the_outcome_loses(tmp_path: Path) -> None:
    played = await play(KILLS, folder=tmp_path, vendors=MANY, patience=25.0, weakness="early")
    assert [sentence for sentence in played.wrong if "is not settled" in sentence], report(played)


@pytest.mark.timeout(420)
async def test_no_event_is_lost_while_workers_come_and_go(tmp_path: Path) -> None:
    counted = await count(folder=tmp_path, events=3000, seconds=15.0, seed=1)
    assert counted.lost == 0
    assert counted.wrong == ()
    assert counted.events > 2800
