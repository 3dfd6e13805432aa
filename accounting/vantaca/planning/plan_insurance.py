"""Insurance rows: updated where they are VIVE's, created where there is none, never deleted."""

from datetime import date
from typing import Final

from accounting.vantaca.planning import mapping
from accounting.vantaca.planning.calls import CreateInsurance, UpdateInsurance
from accounting.vantaca.planning.draft import Draft, as_read
from accounting.vantaca.planning.insurance_match import DesiredPolicy, Match, match_rows, policy_text
from accounting.vantaca.planning.unpushed_policies import split_policies, without_rows_of_missing
from accounting.vantaca.reading import normalise
from accounting.vantaca.reading.provider import InsuranceRow, Provider
from schemas.records.integration import FieldGroup, Integration
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import DeliveredPolicy

GROUP = FieldGroup.INSURANCE

_NO_ID: Final = "Vantaca gives this insurance row no id, so it can't be updated: change it in Vantaca."
_BAD_DATE: Final = (
    f"Vantaca holds dates of the years {mapping.EARLIEST_YEAR} to {mapping.LATEST_YEAR} only: correct the date in VIVE."
)
_DOUBLE: Final = (
    "Vantaca holds this policy more than once, and VIVE keeps only one row up to date: delete the others in Vantaca."
)
_STRANGER: Final = "This insurance row matches no policy in VIVE, and VIVE did not write it, so it was left."


def plan_insurance(
    draft: Draft,
    record: VendorRecord,
    provider: Provider,
    integration: Integration,
    delivered: tuple[DeliveredPolicy, ...],
) -> tuple[DeliveredPolicy, ...]:
    """Bring the rows of VIVE's policies up to date; return the policies that are delivered then."""
    split = split_policies(record.policies, integration.insurance_types)
    desired = split.pushed
    if GROUP in draft.owned:
        split.report(draft)
    if not desired:
        return delivered
    there = without_rows_of_missing(split, provider.insurance, delivered)
    matches = match_rows(desired, there.rows, there.delivered)
    if GROUP not in draft.owned:
        for match in matches.pairs:
            _report(draft, match)
        return delivered
    after = [_write(draft, match, provider, required=integration.insurance_required) for match in matches.pairs]
    for row in matches.doubles:
        draft.leave(GROUP, _name_of_row(row), _row_text(row), "", "ambiguous", _DOUBLE)
    kinds = {one.key[0] for one in desired}
    for row in matches.strangers:
        if normalise.insurance_type(row.insurance_type) in kinds:
            draft.leave(GROUP, _name_of_row(row), _row_text(row), "", "not_ours", _STRANGER)
    return (*(one for one in after if one is not None), *matches.retired, *there.kept)


def _report(draft: Draft, match: Match) -> None:
    desired, row = match.desired, match.row
    expires_on = desired.policy.expires_on
    if row is None or match.renews or (expires_on is not None and expires_on != row.expires_on):
        draft.leave_not_owned(GROUP, desired.name, _row_text(row) if row else "", desired.text)


def _write(draft: Draft, match: Match, provider: Provider, *, required: bool) -> DeliveredPolicy | None:
    desired, row = match.desired, match.row
    fits = desired.policy.expires_on is None or mapping.date_fits(desired.policy.expires_on)
    if row is not None and match.renews is None:
        _update(draft, desired, row, provider, required=required, fits=fits)
        return _delivered(desired, row)
    if not fits:
        draft.leave(GROUP, desired.name, _row_text(row) if row else "", desired.text, "invalid_value", _BAD_DATE)
        return match.renews
    if row is None:
        _create(draft, desired, provider, required=required)
        return _delivered(desired, None)
    if not row.insurance_id:
        draft.leave(GROUP, desired.name, _row_text(row), desired.text, "ambiguous", _NO_ID)
        return match.renews
    draft.requires_fresh_observation = True
    _update(draft, desired, row, provider, required=required, fits=True, renews=True)
    return _delivered(desired, row)


def _create(draft: Draft, desired: DesiredPolicy, provider: Provider, *, required: bool) -> None:
    draft.requires_fresh_observation = True
    draft.insurance_calls.append(
        CreateInsurance(
            provider_id=provider.provider_id,
            insurance_type=desired.insurance_type,
            account_no=desired.number,
            expires_on=desired.policy.expires_on,
            is_required=required,
        )
    )
    draft.change(GROUP, desired.name, "", desired.text)


def _update(
    draft: Draft,
    desired: DesiredPolicy,
    row: InsuranceRow,
    provider: Provider,
    *,
    required: bool,
    fits: bool,
    renews: bool = False,
) -> None:
    """Write what differs. An update carries the row's own type text, because Vantaca requires a type with every update."""
    name, expires_on, observed = desired.name, desired.policy.expires_on, row.expires_on
    new_date = expires_on if expires_on is not None and expires_on != observed and fits else None
    new_required = required if row.is_required is not None and row.is_required is not required else None
    _leave_date(draft, name, observed, expires_on, fits=fits)
    if not renews and new_date is None and new_required is None:
        return
    if not row.insurance_id:
        draft.leave(GROUP, name, _row_text(row), desired.text, "ambiguous", _NO_ID)
        return
    draft.insurance_calls.append(
        UpdateInsurance(
            provider_id=provider.provider_id,
            insurance_id=row.insurance_id,
            insurance_type=row.insurance_type or desired.insurance_type,
            account_no=desired.number if renews else None,
            expires_on=new_date,
            is_required=new_required,
        )
    )
    if renews:
        draft.change(GROUP, f"{name}: accountNo", row.account_no, desired.number)
    if new_date is not None:
        draft.change(GROUP, f"{name}: expirationDate", _date_text(observed), _date_text(new_date))
    if new_required is not None:
        draft.change(GROUP, f"{name}: isRequired", as_read(row.is_required), as_read(new_required))


def _leave_date(draft: Draft, name: str, observed: date | None, desired: date | None, *, fits: bool) -> None:
    """Report an expiration date that VIVE does not write: it has none, or one that Vantaca can't hold."""
    field = f"{name}: expirationDate"
    if desired is None and observed is not None:
        draft.leave_empty(GROUP, field, _date_text(observed))
    if not fits:
        draft.leave(GROUP, field, _date_text(observed), _date_text(desired), "invalid_value", _BAD_DATE)


def _delivered(desired: DesiredPolicy, row: InsuranceRow | None) -> DeliveredPolicy:
    return DeliveredPolicy(
        policy_type=desired.key[0],
        number=desired.number,
        expires_on=desired.policy.expires_on,
        insurance_id=(row.insurance_id or None) if row else None,
    )


def _name_of_row(row: InsuranceRow) -> str:
    return normalise.text(f"{row.insurance_type} {row.account_no}")


def _row_text(row: InsuranceRow) -> str:
    return policy_text(_name_of_row(row), row.expires_on)


def _date_text(day: date | None) -> str:
    return day.isoformat() if day else ""
