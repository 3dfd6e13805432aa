import asyncio

import pytest

from processors import watchdog as module
from processors.watchdog import StalledError, Watchdog


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 10.0
        return self.now


async def run(*, assigned: bool = True, reading: bool = False, progress: list[int] | None = None) -> None:
    steps = iter(progress or [])
    dog = Watchdog(
        assigned=lambda: assigned,
        reading=lambda: reading,
        progress=lambda: next(steps, 7),
        monotonic=Clock(),
        patience=25.0,
    )
    async with asyncio.timeout(0.3):
        await dog.run()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)


async def test_a_worker_that_does_not_get_to_read_its_partitions_ends_with_a_sentence() -> None:
    with pytest.raises(StalledError, match="does not get to read them"):
        await run()


@pytest.mark.parametrize("given", [{"assigned": False}, {"reading": True}])
async def test_a_worker_without_partitions_or_at_work_goes_on(given: dict[str, bool]) -> None:
    with pytest.raises(TimeoutError):
        await run(assigned=given.get("assigned", True), reading=given.get("reading", False))


async def test_a_long_recovery_that_makes_progress_goes_on() -> None:
    with pytest.raises(StalledError):
        await run(progress=[1, 2, 3, 4, 5, 6])
    with pytest.raises(TimeoutError):
        await run(progress=list(range(1_000_000)))
