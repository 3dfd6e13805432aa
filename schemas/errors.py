"""The root of all errors that the product raises. ``docs/reference/errors.md`` shows the tree and the exit codes."""


class ViveSyncError(Exception):
    """An error that a caller or a person can act on. Its text holds no credential and no address of a call."""
