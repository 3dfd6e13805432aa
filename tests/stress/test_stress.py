"""A short form of each kind, so that the programs keep working; ``make stress`` is the long one."""

import asyncio
from pathlib import Path

import pytest

from tests.stress.kinds import KINDS, shares
from tests.stress.observations import Observations
from tests.stress.plan import Plan
from tests.stress.report import Report, report_of
from tests.stress.rolling import longest_gap
from tests.stress.tree import Tree, tree_at
from tests.support.slowness import patient

SHORT = {
    "default": (2, 1, "2 rebalances, 1 takeovers"),
    "kill": (1, 1, "1 kills"),
    "broker": (1, 1, "1 broker restarts"),
    "rolling": (300, 2, "2 rolling restarts"),
}
"""By kind: number, what is in parallel, and the beginning of the last line."""


@pytest.mark.timeout(300)
async def test_a_short_stress_of_each_kind_ends_well(tmp_path: Path) -> None:
    assert SHORT.keys() == KINDS.keys()
    two_at_once = asyncio.Semaphore(2)
    async with asyncio.TaskGroup() as kinds:
        reports = {name: kinds.create_task(short(name, tmp_path / name, two_at_once)) for name in SHORT}
    for name, report in reports.items():
        code, lines = report.result().code, report.result().lines
        assert code == 0, lines
        assert lines[-1].startswith(f"stress: {SHORT[name][2]}, 0 hung, "), lines


async def short(name: str, folder: Path, at_once: asyncio.Semaphore) -> Report:
    folder.mkdir()  # noqa: ASYNC240 -- a local folder
    kind = KINDS[name]
    number, parallel, _ = SHORT[name]
    plan = Plan(
        number=number,
        takeovers=1,
        tree=Tree(),
        trial_timeout=patient(90.0),
        late=0.03,
        parallel=parallel,
        seed=1,
        folder=folder,
    )
    seen = Observations()
    async with at_once:
        await kind.run(plan, seen)
    return report_of(seen, goal=kind.goal)


def test_a_folder_without_the_product_is_no_tree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no cli/__main__\.py\. Give TREE its root"):
        tree_at(tmp_path)


def test_a_number_is_shared_out_without_a_rest() -> None:
    assert shares(200, 3) == [67, 67, 66]
    assert shares(1, 2) == [1, 0]


def test_the_longest_gap_is_between_two_that_follow_each_other() -> None:
    assert longest_gap([1.0, 1.5, 4.0, 4.25]) == 2.5
    assert longest_gap([1.0]) == 0.0
