import time
from collections.abc import Callable


def eventually(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Ask again and again until it holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {seconds:g} s: {holds}")
        time.sleep(0.05)
