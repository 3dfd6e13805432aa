"""The error of a worker that stands still."""


class StalledError(RuntimeError):
    """The worker stands still. The text says how, and what to do."""
