"""The button Sync All Vendors: who may press it, when it works, and what pressing it says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from uuid_utils import uuid7

from messaging.producer import BlockingProducer, OutgoingRecord
from schemas.errors import ViveSyncError
from schemas.records.integration import Integration, ineligible_reason
from schemas.records.sync_run import SyncRequested
from schemas.topics import SYNC_REQUESTED
from schemas.wire.codec import Codec

CONFIRMATION: Final = "All linked vendors have been queued for sync."
CLIENT_ADMIN: Final = "client_admin"


class SyncRefusedError(ViveSyncError, RuntimeError):
    """The press is refused, and nothing was queued. The text says why."""


@dataclass(frozen=True, kw_only=True)
class SyncReceipt:
    """A press that Kafka has."""

    run_id: str
    message: str = CONFIRMATION


def press(
    client_id: str,
    *,
    person: str,
    roles: Collection[str],
    integration: Integration | None,
    producer: BlockingProducer,
    codec: Codec,
    vendor_ids: tuple[str, ...] | None = None,
    run_id: str | None = None,
) -> SyncReceipt:
    """Ask for a sync of all (or these) vendors of the client. ``integration`` is the client's, as it stands.

    ``run_id`` is given where the same press may come twice: then both have the same run. None: a new one.

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
