"""The Faust agents: one a topic, which hands its records to a stage of the worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import faust

from processors.app import consumer_of
from processors.take_in import TakeIn
from schemas.topics import Topic


def add_agents(app: faust.App, agents: Mapping[Topic, TakeIn], *, on_crash: Callable[[BaseException], None]) -> None:
    """Add one agent for each topic. It passes records on in order; the stage acknowledges a record once it is persisted.

    An exception of a stage is a fault of the worker or of its environment: ``on_crash`` is called with it, and the record stays
    unfinished.
    """
    for topic, take_in in agents.items():
        source = app.topic(topic.name, key_serializer="raw", value_serializer="raw", allow_empty=True)
        app.agent(source, name=topic.name)(_agent(app, take_in, on_crash))


def _agent(
    app: faust.App, take_in: TakeIn, on_crash: Callable[[BaseException], None]
) -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                take_in(event.message)
            except Exception as error:  # noqa: BLE001 -- raised here, Faust would acknowledge the record
                on_crash(error)
                await asyncio.Event().wait()
            consumer_of(app).taken(event.message.tp, event.message.offset)

    return agent
