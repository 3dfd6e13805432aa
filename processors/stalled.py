"""The error of a worker that makes no progress."""

from schemas.errors import ViveSyncError


class StalledError(ViveSyncError, RuntimeError):
    """The worker makes no progress. The text names the symptom and what to do."""
