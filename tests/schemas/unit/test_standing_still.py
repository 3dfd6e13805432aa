from collections.abc import Mapping

from messaging.unread_partitions import Behind, behind, stuck

ONE, OTHER = ("t", 1), ("t", 2)


def looked(
    *looks: tuple[Mapping[tuple[str, int], int], Mapping[tuple[str, int], int]],
) -> dict[tuple[str, int], Behind]:
    """What is behind after these looks, a second apart: how far was read, and where the partitions ended."""
    before: dict[tuple[str, int], Behind] = {}
    for number, (read_to, ends) in enumerate(looks):
        before = behind(before, read_to, ends, at=float(number))
    return before


def test_what_is_read_to_its_end_is_not_behind() -> None:
    assert looked(({ONE: 5, OTHER: 0}, {ONE: 5, OTHER: 0})) == {}


def test_it_is_behind_from_the_first_look_on_though_it_grows() -> None:
    assert looked(*[({ONE: 5}, {ONE: 6 + number}) for number in range(4)]) == {ONE: Behind(5, 0.0)}


def test_what_is_read_on_is_behind_anew() -> None:
    assert looked(({ONE: 5}, {ONE: 9}), ({ONE: 6}, {ONE: 9})) == {ONE: Behind(6, 1.0)}
    assert looked(({ONE: 5}, {ONE: 9}), ({ONE: 9}, {ONE: 9}), ({ONE: 9}, {ONE: 10})) == {ONE: Behind(9, 2.0)}


def test_it_is_stuck_after_the_stall_timeout() -> None:
    now = {ONE: Behind(5, 1.0), OTHER: Behind(0, 2.0)}
    assert stuck(now, at=20.9, stall_timeout=20.0) == []
    assert stuck(now, at=21.0, stall_timeout=20.0) == [ONE]
    assert stuck(now, at=22.0, stall_timeout=20.0) == [ONE, OTHER]
