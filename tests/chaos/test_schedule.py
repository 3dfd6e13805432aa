from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.schedule import ONE_NODE_ONLY, THREE_NODES_ONLY, Fault, schedule_of

seeds = st.integers(min_value=0, max_value=2**31)


@given(seeds)
def test_a_seed_says_the_same_each_time(seed: int) -> None:
    assert schedule_of(seed) == schedule_of(seed)


@given(seeds)
def test_a_worker_is_killed_in_every_schedule_and_kafka_is_broken_as_it_can_be(seed: int) -> None:
    schedule = schedule_of(seed)
    struck = {strike.fault for strike in schedule.strikes}
    assert Fault.WORKER_KILLED in struck
    assert not struck & (ONE_NODE_ONLY if schedule.nodes == 3 else THREE_NODES_ONLY)
    assert schedule.nodes == 1 or struck & THREE_NODES_ONLY


def test_twenty_seeds_break_everything() -> None:
    assert {strike.fault for seed in range(20) for strike in schedule_of(seed).strikes} == set(Fault)
