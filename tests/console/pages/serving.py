"""The console's app on a port of this machine, in a thread: tests that hold a browser have no event loop of their own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from tests.support.eventually import eventually
from tests.support.slowness import patient


@contextmanager
def serve(app: FastAPI, port: int) -> Iterator[None]:
    """Serve it."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False)
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name=f"console at {port}", daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started or not thread.is_alive())
        assert server.started
        yield
    finally:
        app.state.progress.close()
        server.should_exit = True
        thread.join(patient(10))
