"""The plan of one vendor: pure, a few tens of microseconds, the same for the same arguments."""

from datetime import datetime, timedelta
from typing import Final

from accounting.port import FRESH_FOR, Observed, Plan
from accounting.vantaca.planning.calls import Call, UpdateProvider
from accounting.vantaca.planning.draft import Draft
from accounting.vantaca.planning.plan_address import plan_address
from accounting.vantaca.planning.plan_hold import plan_hold
from accounting.vantaca.planning.plan_insurance import plan_insurance
from accounting.vantaca.planning.plan_names import plan_names
from accounting.vantaca.planning.plan_status import plan_status
from accounting.vantaca.reading.provider import Provider
from schemas.records.integration import FieldGroup, Integration, ineligible_reason
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered

_NOT_OWNED: Final = (
    "VIVE does not write this at this client, so the difference was left: the integration does not push it."
)
_NOTHING: Final[frozenset[FieldGroup]] = frozenset()


def make_plan(
    record: VendorRecord, observed: Observed, integration: Integration, delivered: Delivered, now: datetime
) -> Plan:
    """Decide which fields to write and which to leave alone.

    An integration that can't be synced (one-way, ended, another system) owns nothing: differences are reported, and no
    call is made.
    A field that VIVE does not own is reported where VIVE has a value that differs.

    Raises:
        ValueError: the record is not linked to the provider observed: one vendor's data would go over another's.
    """
    provider: Provider = observed.provider
    if not _linked(record, provider):
        raise ValueError(f"vendor {record.vendor_id} is linked to another provider than {provider.provider_id}")
    refusal = ineligible_reason(record.client_id, integration)
    owned = _NOTHING if refusal else frozenset(group for group in FieldGroup if integration.owns(group))
    draft = Draft(owned, refusal or _NOT_OWNED)
    plan_status(draft, record, provider, integration)
    plan_hold(draft, record, provider, integration)
    dba_name = plan_names(draft, record, provider, delivered.dba_name)
    plan_address(draft, record, provider)
    policies = plan_insurance(draft, record, provider, integration, delivered.policies)
    update: tuple[Call, ...] = (UpdateProvider(provider.provider_id, tuple(draft.fields)),) if draft.fields else ()
    return Plan(
        provider_id=provider.provider_id,
        calls=(*update, *draft.insurance_calls),
        changes=tuple(draft.changes),
        left_alone=tuple(draft.left_alone),
        delivered=Delivered(dba_name=dba_name, policies=policies),
        # After a clock was set back, observations may be of the future: their age is unknown.
        requires_fresh_observation=draft.requires_fresh_observation
        and not timedelta() <= now - observed.at <= FRESH_FOR,
    )


def _linked(record: VendorRecord, provider: Provider) -> bool:
    linked = record.provider_id
    return linked is not None and (linked.lstrip("0") or "0") == provider.provider_id
