"""The error of a worker that stands still."""

from schemas.errors import ViveSyncError


class StalledError(ViveSyncError, RuntimeError):
    """The worker stands still. The text says how, and what to do."""
