"""The button Sync All Vendors: checks who may press it and for which client, and produces the request."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from uuid_utils import uuid7

from messaging.producer import BlockingProducer, OutgoingRecord
from schemas.errors import ViveSyncError
from schemas.records.integration import KnownIntegration, ineligible_reason
from schemas.records.sync_run import SyncRequested
from schemas.topics import SYNC_REQUESTED
from schemas.wire.codec import Codec

CONFIRMATION: Final = "All linked vendors have been queued for sync."
CLIENT_ADMIN: Final = "client_admin"


class SyncRefusedError(ViveSyncError, RuntimeError):
    """The request is refused, and nothing was queued. The text is the reason, for a person."""


@dataclass(frozen=True, kw_only=True)
class SyncReceipt:
    """A request that the brokers have."""

    run_id: str
    message: str = CONFIRMATION


def request_sync(
    client_id: str,
    *,
    person: str,
    roles: Collection[str],
    integration: KnownIntegration,
    producer: BlockingProducer,
    codec: Codec,
    vendor_ids: tuple[str, ...] | None = None,
    run_id: str | None = None,
) -> SyncReceipt:
    """Request a sync of the client's vendors ``vendor_ids``; None: of all linked ones.

    ``integration`` is the client's present one, or None. ``run_id`` is given where a request may be repeated, so that both
    have the same run; None: a new one.

    Raises:
        SyncRefusedError: the person is no Client Admin, or the client's integration can't be synced.
        KafkaUnavailableError: Kafka does not have the request; nothing was queued.
    """
    if CLIENT_ADMIN not in roles:
        raise SyncRefusedError(
            f"{person} is not a Client Admin of client {client_id}: only a Client Admin may sync all vendors."
        )
    refusal = ineligible_reason(client_id, integration)
    if refusal is not None:
        raise SyncRefusedError(refusal)
    request = SyncRequested(
        run_id=run_id or str(uuid7()),
        client_id=client_id,
        vendor_ids=vendor_ids,
        requested_by=person,
        requested_at=datetime.now(UTC),
    )
    value = codec.encode(request, topic=SYNC_REQUESTED.name)
    producer.publish([OutgoingRecord(SYNC_REQUESTED.name, client_id.encode(), value)])
    return SyncReceipt(run_id=request.run_id)
