"""Legal name and DBA name, which only a system of record may push."""

from accounting.vantaca.planning.draft import Draft
from accounting.vantaca.reading import normalise
from accounting.vantaca.reading.provider import Provider
from schemas.records.integration import FieldGroup
from schemas.records.vendor_record import VendorRecord

GROUP = FieldGroup.NAMES


def plan_names(draft: Draft, record: VendorRecord, provider: Provider, delivered_dba: str | None) -> str | None:
    """Write the names where they differ; return the DBA name that is delivered then.

    ``dbaName`` is returned by no read (Vantaca's OpenAPI 3.8.0): what was delivered before stands for what is observed.
    """
    owned = GROUP in draft.owned
    desired, observed = normalise.text(record.legal_name), normalise.text(provider.name)
    if desired != observed:
        if not owned:
            if desired:
                draft.leave_not_owned(GROUP, "name", observed, desired)
        elif desired:
            draft.write(GROUP, "name", desired, observed)
        else:
            draft.leave_empty(GROUP, "name", observed)
    if not owned:
        return delivered_dba
    dba_name, known = normalise.text(record.dba_name), normalise.text(delivered_dba or "")
    if dba_name == known:
        return delivered_dba
    if not dba_name:
        draft.leave_empty(GROUP, "dbaName", known)
        return delivered_dba
    draft.write(GROUP, "dbaName", dba_name, known)
    return dba_name
