"""Single vendors: one with all that is kept of it, or one fact of several at once."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from console.read_model.projection.fold_vendors import vendor_state
from console.read_model.queries.vendor_lists import vendor_line
from console.read_model.store.tables import outcomes, vendor_records, vendors
from console.read_model.store.views import VendorDetail
from schemas.records.outcome import VendorSyncOutcome
from schemas.records.vendor_record import VendorRecord


def vendor_detail(connection: Connection, client_id: str, vendor_id: str, *, limit: int) -> VendorDetail | None:
    """One vendor and its last ``limit`` outcomes; None: the client has no such vendor."""
    this = vendors.c.client_id == client_id, vendors.c.vendor_id == vendor_id
    row = connection.execute(select(vendors).where(*this)).mappings().one_or_none()
    if row is None:
        return None
    its = vendor_records.c.client_id == client_id, vendor_records.c.vendor_id == vendor_id
    body = connection.execute(select(vendor_records.c.body).where(*its)).scalar_one_or_none()
    newest = (
        select(outcomes.c.body)
        .where(outcomes.c.client_id == client_id, outcomes.c.vendor_id == vendor_id)
        .order_by(outcomes.c.partition.desc(), outcomes.c.offset.desc())
        .limit(limit)
    )
    bodies = connection.execute(newest).scalars().all()
    return VendorDetail(
        line=vendor_line({**row, "state": vendor_state(dict(row))}),
        record=None if body is None else VendorRecord.model_validate_json(body),
        outcomes=tuple(VendorSyncOutcome.model_validate_json(each) for each in bodies),
    )


def vendor_names(connection: Connection, client_id: str, vendor_ids: Collection[str]) -> dict[str, str]:
    """The names of those of these vendors that the client has, by id."""
    if not vendor_ids:
        return {}
    these = vendors.c.client_id == client_id, vendors.c.vendor_id.in_(vendor_ids)
    found = connection.execute(select(vendors.c.vendor_id, vendors.c.name).where(*these))
    return {row.vendor_id: row.name for row in found}


def newest_outcomes(
    connection: Connection, client_id: str, vendor_ids: Collection[str]
) -> dict[str, VendorSyncOutcome]:
    """The newest outcome of each of these vendors, by id; one without an outcome is left out."""
    if not vendor_ids:
        return {}
    newest = (outcomes.c.partition == vendors.c.outcome_partition) & (outcomes.c.offset == vendors.c.outcome_offset)
    these = vendors.c.client_id == client_id, vendors.c.vendor_id.in_(vendor_ids)
    found = connection.execute(select(vendors.c.vendor_id, outcomes.c.body).join(outcomes, newest).where(*these))
    return {row.vendor_id: VendorSyncOutcome.model_validate_json(row.body) for row in found}
