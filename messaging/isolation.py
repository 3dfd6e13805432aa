"""The isolation level of every reader of this repository."""

from typing import Final

READ_COMMITTED: Final = "read_committed"
"""Records of an aborted transaction are never read, and a partition ends at its last stable offset.

The last stable offset is the first offset of the oldest open transaction, or the end of the partition where none is open.
"""
