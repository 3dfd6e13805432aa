"""A run: its request, its expansion, and the vendors that belong to it."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.message import Identifier, Message, Part, Timestamp

CHUNK_SIZE = 1000
"""The most vendors that one ``sync-run`` record names."""


class Lane(StrEnum):
    """``live`` (one change, a person waits) goes before ``bulk`` (a run)."""

    LIVE = "live"
    BULK = "bulk"


class SyncRequested(Message):
    """Sync all vendors of this client, or these."""

    SCHEMA: ClassVar[str] = "sync_requested"
    LARGEST: ClassVar[int] = 128 * 1024

    run_id: Identifier
    client_id: Identifier
    vendor_ids: Annotated[tuple[Identifier, ...], Field(fail_fast=True)] | None = None
    requested_by: str
    cause: str = "sync_all"
    requested_at: Timestamp


class SyncExpansion(Message):
    """Expand this run among the vendors of one partition."""

    SCHEMA: ClassVar[str] = "sync_expansion"
    LARGEST: ClassVar[int] = 256 * 1024

    run_id: Identifier
    client_id: Identifier
    partition: int = Field(ge=0)
    vendor_ids: Annotated[tuple[Identifier, ...], Field(fail_fast=True)] | None = None
    lane: Lane = Lane.BULK
    requested_by: str
    cause: str = "sync_all"
    requested_at: Timestamp


class QueuedVendor(Part):
    """A vendor of a run and the offset of the ``vendor-sync`` event that must be answered."""

    vendor_id: Identifier
    offset: int = Field(ge=0)


class RunPart(StrEnum):
    """The kind of a ``sync-run`` record."""

    REFUSED = "refused"
    EXPANDING = "expanding"
    SHARD = "shard"


class SyncRun(Message):
    """One part of a run.

    ``refused`` carries the reason. ``expanding`` carries the number of partitions that will report. ``shard`` names vendors
    of one partition, in chunks numbered from 0, of which ``last`` closes the partition; reading a chunk twice changes nothing.
    """

    SCHEMA: ClassVar[str] = "sync_run"

    run_id: Identifier
    client_id: Identifier
    part: RunPart
    at: Timestamp
    requested_by: str = ""
    cause: str = ""
    refusal: str | None = None
    partitions: int = 0
    partition: int = -1
    chunk: int = 0
    last: bool = False
    topic_id: str = ""
    """Kafka's id of the ``vendor-sync`` topic that the offsets belong to."""
    queued: Annotated[tuple[QueuedVendor, ...], Field(fail_fast=True)] = ()
    already_in_progress: Annotated[tuple[QueuedVendor, ...], Field(fail_fast=True)] = ()
    unlinked: Annotated[tuple[Identifier, ...], Field(fail_fast=True)] = ()
    unknown: Annotated[tuple[Identifier, ...], Field(fail_fast=True)] = ()
    """Vendors that were requested by id and that VIVE does not have."""
    with_stale_records: Annotated[tuple[Identifier, ...], Field(fail_fast=True)] = ()
    """Those of these vendors of which records were left out because their version was lower than that of the record kept."""
