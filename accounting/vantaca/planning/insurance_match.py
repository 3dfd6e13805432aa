"""Matches a provider's insurance rows with VIVE's policies, one to one and always in the same way."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from accounting.vantaca.planning import mapping
from accounting.vantaca.reading import normalise
from accounting.vantaca.reading.provider import InsuranceRow
from schemas.records.vendor_record import Policy
from schemas.records.vendor_row import DeliveredPolicy

Key = tuple[str, str]
"""Normal forms of insurance type and policy number."""


@dataclass(frozen=True, slots=True)
class DesiredPolicy:
    """A policy of VIVE's with Vantaca's name of its type."""

    key: Key
    insurance_type: str
    number: str
    policy: Policy

    @property
    def name(self) -> str:
        """Type and number, as far as VIVE knows them."""
        return f"{self.insurance_type} {self.number}".strip()

    @property
    def text(self) -> str:
        """The policy in one line for a person."""
        return policy_text(self.name, self.policy.expires_on)


@dataclass(frozen=True, slots=True)
class Match:
    """A policy and its row, or None; ``renews`` is the older policy for which the row was delivered, if any."""

    desired: DesiredPolicy
    row: InsuranceRow | None
    renews: DeliveredPolicy | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """The matches of policies and rows.

    ``doubles`` are further rows with the type and number of a policy; ``strangers`` match no policy and nothing that
    was delivered; ``retired`` were delivered for policies that VIVE no longer has and are still there.
    """

    pairs: tuple[Match, ...]
    doubles: tuple[InsuranceRow, ...]
    strangers: tuple[InsuranceRow, ...]
    retired: tuple[DeliveredPolicy, ...]


def policy_text(name: str, expires_on: date | None) -> str:
    """A policy or an insurance row in one line for a person."""
    return f"{name}, expires {expires_on}" if expires_on else f"{name}, no expiration date"


def key_of_row(row: InsuranceRow) -> Key:
    """The key of an insurance row."""
    return normalise.insurance_type(row.insurance_type), normalise.policy_number(row.account_no)


def key_of_delivered(past: DeliveredPolicy) -> Key:
    """The key of a policy that was delivered."""
    return normalise.insurance_type(past.policy_type), normalise.policy_number(past.number)


def desired_policies(policies: Iterable[Policy], types: Mapping[str, str]) -> tuple[DesiredPolicy, ...]:
    """The policies in order of their keys. Of two with the same type and number the one that expires later counts."""
    found: dict[Key, DesiredPolicy] = {}
    for policy in policies:
        insurance_type = mapping.insurance_type(policy.policy_type, types)
        number = normalise.text(policy.number)
        key = (normalise.insurance_type(insurance_type), normalise.policy_number(number))
        desired = DesiredPolicy(key, insurance_type, number, policy)
        known = found.get(key)
        if known is None or _rank(desired) > _rank(known):
            found[key] = desired
    return tuple(found[key] for key in sorted(found))


def match_rows(
    desired: Sequence[DesiredPolicy], rows: Sequence[InsuranceRow], delivered: Sequence[DeliveredPolicy]
) -> Matches:
    """Match by type and number first; then a policy without a row takes the row of a delivered policy which it renews.

    A policy renews one of its type that was delivered and that VIVE no longer has. That row is known by its id or,
    where the id is not known or gone, by type and number.
    """
    current = {one.key for one in desired}
    same: dict[Key, list[InsuranceRow]] = {}
    free: list[tuple[Key, InsuranceRow]] = []
    for row in rows:
        key = key_of_row(row)
        if key in current:
            same.setdefault(key, []).append(row)
        else:
            free.append((key, row))
    free.sort(key=lambda entry: (entry[0], _id_order(entry[1])))
    past = [(key_of_delivered(one), one) for one in delivered]
    doubles: list[InsuranceRow] = []
    for key, candidates in same.items():
        if len(candidates) > 1:
            _put_first(candidates, {one.insurance_id for past_key, one in past if past_key == key})
            doubles.extend(candidates[1:])
    retired = sorted(((key, one) for key, one in past if key not in current), key=_past_order)
    pairs = tuple(Match(one, same[one.key][0]) if one.key in same else _renewal(one, retired, free) for one in desired)
    still_there: list[DeliveredPolicy] = []
    for key, one in retired:
        index = _row_of(key, one, free)
        if index is not None:
            del free[index]
            still_there.append(one)
    return Matches(pairs, tuple(doubles), tuple(row for _, row in free), tuple(still_there))


def _put_first(rows: list[InsuranceRow], delivered_ids: AbstractSet[str | None]) -> None:
    rows.sort(key=lambda row: (row.insurance_id not in delivered_ids, _id_order(row)))


def _renewal(
    one: DesiredPolicy, retired: list[tuple[Key, DeliveredPolicy]], free: list[tuple[Key, InsuranceRow]]
) -> Match:
    """The delivered row that this policy renews, taken out of both lists; without one, a match without a row."""
    for place, (key, past) in enumerate(retired):
        if key[0] == one.key[0] and (index := _row_of(key, past, free)) is not None:
            del retired[place]
            return Match(one, free.pop(index)[1], renews=past)
    return Match(one, None)


def _row_of(key: Key, past: DeliveredPolicy, free: Sequence[tuple[Key, InsuranceRow]]) -> int | None:
    """The index of a delivered policy's row among the free ones: by id while its type is the same, else by key."""
    by_key = None
    for index, (row_key, row) in enumerate(free):
        if past.insurance_id and row.insurance_id == past.insurance_id and row_key[0] == key[0]:
            return index
        if by_key is None and row_key == key:
            by_key = index
    return by_key


def _past_order(entry: tuple[Key, DeliveredPolicy]) -> tuple[Key, str]:
    return entry[0], entry[1].insurance_id or ""


def _id_order(row: InsuranceRow) -> tuple[bool, int, str]:
    """Rows with an id before rows without, older (smaller) ids first."""
    return not row.insurance_id, len(row.insurance_id), row.insurance_id


def _rank(one: DesiredPolicy) -> tuple[int, str, str]:
    expires_on = one.policy.expires_on
    return (expires_on.toordinal() if expires_on else 0), one.insurance_type, one.number
