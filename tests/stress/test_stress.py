"""A short form of each kind, so that the programs keep working; ``make stress`` is the long one."""

from pathlib import Path

import pytest

from tests.stress.kinds import KINDS, Plan, shares
from tests.stress.report import report_of
from tests.stress.rolling import longest_gap
from tests.stress.tree import Tree, tree_at
from tests.support.slowness import patient


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("name", "number", "parallel", "counted"),
    [
        ("default", 2, 1, "2 rebalances, 1 takeovers"),
        ("kill", 1, 1, "1 kills"),
        ("broker", 1, 1, "1 broker restarts"),
        ("rolling", 300, 2, "2 rolling restarts"),
    ],
)
async def test_a_short_stress(name: str, number: int, parallel: int, counted: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    plan = Plan(
        number=number,
        takeovers=1,
        tree=Tree(),
        patience=patient(60.0),
        late=0.03,
        parallel=parallel,
        seed=1,
        folder=tmp_path,
    )
    report = report_of(await kind.play(plan), goal=kind.goal)
    assert report.code == 0, report.lines
    assert report.lines[-1].startswith(f"stress: {counted}, 0 hung, "), report.lines


def test_a_folder_without_the_product_is_no_tree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no cli/__main__\.py\. Give TREE its root"):
        tree_at(tmp_path)


def test_a_number_is_shared_out_without_a_rest() -> None:
    assert shares(200, 3) == [67, 67, 66]
    assert shares(1, 2) == [1, 0]


def test_the_longest_gap_is_between_two_that_follow_each_other() -> None:
    assert longest_gap([1.0, 1.5, 4.0, 4.25]) == 2.5
    assert longest_gap([1.0]) == 0.0
