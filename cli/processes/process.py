"""What every long-running process of ours does."""

import logging
import signal
from typing import Final

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def set_up_logging(level: str) -> None:
    """Log to standard error. Libraries that tell of HTTP requests are kept quiet: a request's address holds a password."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("httpx", "httpcore", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("aiokafka", "faust", "mode"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
