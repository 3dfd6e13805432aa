import asyncio

import pytest

from processors.events.async_producer import AsyncProducer
from tests.support.eventually import eventually_async
from tests.support.free_port import free_port


async def test_records_that_are_given_up_are_cancelled_and_are_no_fault() -> None:
    faults: list[Exception] = []
    producer = AsyncProducer({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, on_fatal=faults.append)
    try:
        sent = producer.send("a-topic", key=b"key", value=b"value", partition=0)
        assert await producer.flush(0.05) == 1
        producer.drop()
        await eventually_async(sent.done)
        with pytest.raises(asyncio.CancelledError):
            sent.result()
        assert await producer.flush(0.05) == 0
        assert faults == []
    finally:
        producer.close()
