"""Who asks for a read at the same time shares one."""

import asyncio

import pytest

from processors.whole_topics.shared_read import SharedRead
from tests.support.eventually import eventually_async


class Source:
    """Counts reads; each waits until it may end."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self.fails: Exception | None = None

    async def read(self) -> None:
        self.begun += 1
        await self.may_end.wait()
        if self.fails is not None:
            raise self.fails

    async def begins(self, times: int) -> None:
        await eventually_async(lambda: self.begun == times)


@pytest.fixture
async def source() -> Source:
    return Source()


async def test_a_call_during_a_read_waits_for_the_next_one_and_shares_it(source: Source) -> None:
    shared = SharedRead(source.read)
    first = asyncio.create_task(shared())
    await source.begins(1)
    later = [asyncio.create_task(shared()) for _ in range(5)]
    source.may_end.set()
    await asyncio.gather(first, *later)
    assert source.begun == 2
    await shared()
    assert source.begun == 3


async def test_who_is_cancelled_during_its_read_leaves_it_to_the_others(source: Source) -> None:
    shared = SharedRead(source.read)
    first = asyncio.create_task(shared())
    await source.begins(1)
    others = [asyncio.create_task(shared()) for _ in range(2)]
    first.cancel()
    await source.begins(2)
    assert not any(other.done() for other in others)
    source.may_end.set()
    await asyncio.gather(*others)
    assert source.begun == 2


async def test_a_read_that_failed_answers_nobody(source: Source) -> None:
    shared = SharedRead(source.read)
    source.fails = RuntimeError("broken")
    calls = [asyncio.create_task(shared()) for _ in range(2)]
    await source.begins(1)
    source.may_end.set()
    assert [str(error) for error in await asyncio.gather(*calls, return_exceptions=True)] == ["broken", "broken"]
