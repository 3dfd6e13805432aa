"""Set-up that all long-running processes share."""

import logging
import signal
from typing import Final

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def set_up_logging(level: str, *filters: logging.Filter) -> None:
    """Log to standard error what passes the filters.

    Libraries that log HTTP requests are kept quiet: a request's address holds a password.
    """
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        for one in filters:
            handler.addFilter(one)
    for name in ("httpx", "httpcore", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("aiokafka", "faust", "mode"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
