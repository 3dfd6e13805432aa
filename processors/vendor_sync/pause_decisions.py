"""Decides whether a paused client is probed or resumed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from accounting.errors import AccountingError, CredentialsRefusedError, UnavailableError
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration, eligible
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow


class ParkedVendor(NamedTuple):
    """A vendor whose row is parked, and its partition."""

    partition: int
    key: VendorKey


@dataclass(frozen=True, slots=True)
class Resume:
    """The pause is over: the parked vendors are queued again."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One vendor is read; the result shows whether the credentials are accepted."""

    vendor: ParkedVendor
    integration: Integration


@dataclass(frozen=True, slots=True)
class StayPaused:
    """Nothing is called: the integration can't be read, or the vendors taken out of the queue are about to be parked."""


def without_pending(
    parked: Mapping[str, Iterable[tuple[int, VendorKey]]], is_pending: Callable[[int, VendorKey], bool]
) -> dict[str, list[ParkedVendor]]:
    """Leave out vendors that are queued again already, and clients without any other."""
    rest = {
        client_id: [ParkedVendor(*vendor) for vendor in vendors if not is_pending(*vendor)]
        for client_id, vendors in parked.items()
    }
    return {client_id: vendors for client_id, vendors in rest.items() if vendors}


def next_step(
    client_id: str,
    known: KnownIntegration,
    *,
    was_unreadable: bool,
    parked: Sequence[ParkedVendor],
    any_waiting: bool,
    seconds: float,
) -> Resume | Probe | StayPaused:
    """Decide what follows for a paused client.

    Args:
        client_id: the client.
        known: its integration; None when it has none.
        was_unreadable: whether its integration could not be read at the last check. The vendors were parked for that, so the
            pause ends without a probe when it can be read again.
        parked: its parked vendors that are not queued again.
        any_waiting: whether vendors of it were in the queue, which the pause takes out and parks.
        seconds: on the monotonic clock; each second probes another vendor, so that one vendor that can't be read for a
            reason of its own does not keep the others waiting.
    """
    if isinstance(known, UnreadableIntegration):
        return StayPaused()
    integration = eligible(client_id, known)
    if integration is None or was_unreadable:
        return Resume()
    if parked:
        return Probe(parked[int(seconds) % len(parked)], integration)
    return StayPaused() if any_waiting else Resume()


def provider_to_probe(row: VendorRow | None) -> str | None:
    """The provider that a probe of this row reads; None when there is none, and the sync itself shows the reason."""
    return None if row is None or row.record is None else row.record.provider_id


def credentials_accepted(error: AccountingError | None) -> bool:
    """Whether a probe that ended with this error, or with none, shows that the credentials are accepted.

    Any answer about the provider shows it, also one that there is no such provider.
    """
    return not isinstance(error, CredentialsRefusedError | UnavailableError)
