"""A disk of a chosen size in memory, for tests of a full disk."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devkit.broker.death_watch import DeathWatch
from schemas.errors import ViveSyncError

BALLAST = "ballast"
_BLOCK = b"\0" * 65536


class SmallDiskUnavailableError(ViveSyncError):
    """No disk of a chosen size can be had here; the message names what is missing."""


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """An empty disk of this size in memory, for tests of a full disk; removed at the end of the context.

    It is unmounted also while processes still hold files on it, and if this process is killed. Those processes
    keep their files, and the memory, until they end.

    Raises:
        SmallDiskUnavailableError: this is not Linux, or this user may not mount.
    """
    folder = Path(tempfile.mkdtemp(prefix="vive-sync-disk-"))
    try:
        death_watch = DeathWatch(("umount", "--lazy"), folder=folder)
        try:
            _mount(folder, megabytes)
            death_watch.hold(str(folder))
            try:
                yield folder
            finally:
                _unmount(folder)
        finally:
            death_watch.release()
    finally:
        folder.rmdir()


def fill(disk: Path) -> Path:
    """Write a file of zeros until the disk is full, and return the file. Delete it to free the disk.

    A second call fills the space that has become free since.
    """
    ballast = disk / BALLAST
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(_BLOCK)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return ballast


def _mount(folder: Path, megabytes: int) -> None:
    mount = shutil.which("mount")
    if sys.platform != "linux" or mount is None:
        raise SmallDiskUnavailableError(
            "A small disk is a tmpfs of Linux with its program mount, and there is none here."
        )
    options = f"size={megabytes}m,mode=0700,uid={os.getuid()},gid={os.getgid()}"
    ran = subprocess.run(  # noqa: S603 - the system's own mount, on the folder made above
        [mount, "-t", "tmpfs", "-o", options, "vive-sync-disk", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise SmallDiskUnavailableError(
            "A small disk takes the right to mount (root, in a container with CAP_SYS_ADMIN); "
            f"mount says: {ran.stderr.strip()}"
        )


def _unmount(folder: Path) -> None:
    if folder.is_mount():
        subprocess.run(["umount", "--lazy", str(folder)], stdin=subprocess.DEVNULL, check=True)  # noqa: S603, S607 - as _mount
