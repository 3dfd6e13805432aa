"""Downloads into this user's cache, once for all work trees."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_UNFINISHED = "unfinished-"


def user_cache(environ: Mapping[str, str], name: str) -> Path:
    """The folder `name` in this user's cache, which all work trees share.

    Args:
        environ: the source of HOME and XDG_CACHE_HOME.
        name: the name of the folder, with the version of what it holds.
    """
    home = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home(), ".cache")
    return Path(home, "vive-sync", name)


def download_once(target: Path, fetch: Callable[[Path], None]) -> None:
    """Fill the folder `target` unless it exists.

    A second caller waits while the first one still fetches. A fetch that fails or is interrupted never leaves a
    `target`.

    Args:
        target: its parent folder is created and holds only what belongs to this download.
        fetch: receives an empty temporary folder and must create a folder in it, named as `target` is.

    Raises:
        OSError: the folders cannot be created, or `fetch` did not create its folder.
    """
    if target.is_dir():
        return
    cache = target.parent
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        if target.is_dir():
            return
        for left_over in cache.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left_over)
        work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache))
        try:
            fetch(work)
            (work / target.name).rename(target)
        finally:
            shutil.rmtree(work)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
