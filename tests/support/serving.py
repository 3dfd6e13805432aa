"""The console's app on a real server in this event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from cli.processes.console_server import Server, address_of, listening
from tests.support.slowness import patient


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Its address, as long as it serves."""
    with listening("127.0.0.1", 0) as at:
        ready = asyncio.Event()
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=int(patient(10)))
        server = Server(config, before_shutdown=app.state.progress.close, ready=ready.set)
        running = asyncio.create_task(server.serve(sockets=[at]))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            yield address_of(at)
        finally:
            waiting.cancel()
            server.should_exit = True
            await running
