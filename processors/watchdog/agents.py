"""Detects Faust agents that have ended."""

import asyncio
from typing import Any

import faust


class Agents:
    """Keeps every task of an agent that it has seen: Faust silently starts another when one ends."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._seen: dict[asyncio.Task[Any], str] = {}

    def ended(self) -> tuple[str, ...]:
        """Return the agents of which a task has ended since it was first seen."""
        for name, agent in self._app.agents.items():
            for actor in agent._actors:  # noqa: SLF001 -- Faust names them nowhere else
                if actor.actor_task is not None:
                    self._seen[actor.actor_task] = name
        return tuple(sorted({name for task, name in self._seen.items() if task.done()}))
