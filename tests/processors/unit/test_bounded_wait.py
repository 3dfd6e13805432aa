import asyncio
import logging
import re

import pytest

from processors.bounded_wait import Ending


async def test_the_steps_of_an_end_share_their_time(caplog: pytest.LogCaptureFixture) -> None:
    ending = Ending()
    with caplog.at_level(logging.WARNING, logger="processors.bounded_wait"):
        await ending.step(0.05, "The first", asyncio.Event().wait())
        await ending.step(0.08, "The second", asyncio.Event().wait())
        await ending.step(0.08, "The third", asyncio.Event().wait())
    said = [re.fullmatch(r"(.*) took longer than (.*) s and is given up\.", line) for line in caplog.messages]
    names, seconds = zip(*((one[1], float(one[2])) for one in said if one is not None), strict=True)
    assert names == ("The first", "The second", "The third")
    assert 0 < seconds[0] <= 0.05
    assert seconds[0] + seconds[1] <= 0.08
    assert seconds[2] == 0


async def test_a_step_that_is_quick_leaves_its_time_to_the_next() -> None:
    ending = Ending()
    await ending.step(0.05, "The first", asyncio.sleep(0))
    done: list[str] = []

    async def second() -> None:
        await asyncio.sleep(0.1)
        done.append("second")

    await ending.step(30.0, "The second", second())
    assert done == ["second"]
