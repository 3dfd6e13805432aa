"""A plan in the making: each field group adds its changes and the fields that it leaves alone."""

from collections.abc import Set as AbstractSet

from accounting.vantaca.planning.calls import CreateInsurance, UpdateInsurance, Value
from schemas.records.integration import FieldGroup
from schemas.records.outcome import Change, LeftAlone


class Draft:
    """Collects fields of the one ``providerUpdate``, insurance calls, changes and the fields that are left alone.

    ``owned`` are the groups that VIVE writes; ``not_owned_because`` is the sentence for the others.
    """

    __slots__ = (
        "changes",
        "fields",
        "insurance_calls",
        "left_alone",
        "not_owned_because",
        "owned",
        "requires_fresh_observation",
    )

    def __init__(self, owned: AbstractSet[FieldGroup], not_owned_because: str) -> None:
        self.owned = owned
        self.not_owned_because = not_owned_because
        self.fields: list[tuple[str, Value]] = []
        self.insurance_calls: list[CreateInsurance | UpdateInsurance] = []
        self.changes: list[Change] = []
        self.left_alone: list[LeftAlone] = []
        self.requires_fresh_observation = False
        """Whether a decision depends on a fresh observation."""

    def write(self, group: FieldGroup, name: str, value: Value, before: str) -> None:
        """Write a field of the provider; ``before`` is empty where there was nothing or it is not known."""
        self.fields.append((name, value))
        self.change(group, name, before, as_read(value))

    def change(self, group: FieldGroup, name: str, before: str, after: str) -> None:
        """Record a change without adding a call."""
        self.changes.append(Change(group=group.value, field=name, before=before or None, after=after or None))

    def leave(self, group: FieldGroup, name: str, observed: str, desired: str, code: str, reason: str) -> None:
        """Leave a field alone although it differs."""
        field = {"field": name, "observed": observed or None, "desired": desired or None}
        self.left_alone.append(LeftAlone(group=group.value, code=code, reason=reason, **field))

    def leave_not_owned(self, group: FieldGroup, name: str, observed: str, desired: str) -> None:
        """Report a difference in a group that VIVE does not own."""
        self.leave(group, name, observed, desired, "not_owned", self.not_owned_because)

    def leave_empty(self, group: FieldGroup, name: str, observed: str) -> None:
        """Report that Vantaca holds something where VIVE has nothing, which is never sent."""
        self.leave(
            group,
            name,
            observed,
            "",
            "empty_value",
            "VIVE has no value here and never empties a field: fill it in VIVE, or empty it in Vantaca.",
        )


def as_read(value: Value | None) -> str:
    """A value as a person reads it; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
