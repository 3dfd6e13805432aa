"""Policies that can't be pushed: they match no row, and their rows stay as they are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from accounting.vantaca.planning.draft import Draft
from accounting.vantaca.planning.insurance_match import (
    DesiredPolicy,
    Key,
    desired_policies,
    key_of_delivered,
    key_of_row,
)
from accounting.vantaca.reading.provider import InsuranceRow
from schemas.records.integration import FieldGroup
from schemas.records.vendor_record import Policy
from schemas.records.vendor_row import DeliveredPolicy

_MISSING: Final = "VIVE marks this policy as Missing, so VIVE did not write it."
_INCOMPLETE: Final = "This policy has no {} in VIVE, so VIVE did not write it: fill it in in VIVE."


class SplitPolicies(NamedTuple):
    """The policies of a vendor: those to match with rows, those without a type or a number, and those marked as Missing."""

    pushed: tuple[DesiredPolicy, ...]
    incomplete: tuple[DesiredPolicy, ...]
    missing: tuple[DesiredPolicy, ...]

    def report(self, draft: Draft) -> None:
        """List those that a person may look for in the accounting system.

        A Missing policy without a number is a mere requirement, of which there is nothing to write.
        """
        for one in self.incomplete:
            _leave(draft, one, _INCOMPLETE.format("policy number" if one.key[0] else "type"))
        pushed = {one.key for one in self.pushed}
        for one in self.missing:
            if one.key[1] and one.key not in pushed:
                _leave(draft, one, _MISSING)


def split_policies(policies: Iterable[Policy], types: Mapping[str, str]) -> SplitPolicies:
    """Split a vendor's policies; ``types`` is ``integration.insurance_types``."""
    policies = tuple(policies)
    named = desired_policies((one for one in policies if not one.missing), types)
    return SplitPolicies(
        pushed=tuple(one for one in named if all(one.key)),
        incomplete=tuple(one for one in named if not all(one.key)),
        missing=desired_policies((one for one in policies if one.missing), types),
    )


class RowsToMatch(NamedTuple):
    """The rows and delivered policies that pushed policies may take, and those that stay for Missing ones."""

    rows: tuple[InsuranceRow, ...]
    delivered: tuple[DeliveredPolicy, ...]
    kept: tuple[DeliveredPolicy, ...]


def without_rows_of_missing(
    split: SplitPolicies, rows: Sequence[InsuranceRow], delivered: Sequence[DeliveredPolicy]
) -> RowsToMatch:
    """Set the rows of Missing policies aside: no other policy renews them, and they are nobody else's rows."""
    keys: set[Key] = {one.key for one in split.missing if all(one.key)} - {one.key for one in split.pushed}
    kept = tuple(one for one in delivered if key_of_delivered(one) in keys)
    ids = {one.insurance_id for one in kept if one.insurance_id}
    return RowsToMatch(
        rows=tuple(row for row in rows if key_of_row(row) not in keys and row.insurance_id not in ids),
        delivered=tuple(one for one in delivered if one not in kept),
        kept=kept,
    )


def _leave(draft: Draft, one: DesiredPolicy, reason: str) -> None:
    draft.leave(FieldGroup.INSURANCE, one.name or "policy", "", one.text, "not_pushable", reason)
