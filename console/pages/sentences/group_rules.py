"""The rules of a client's field groups, in words: which VIVE writes, and which not and why."""

from dataclasses import dataclass
from typing import Final

from console.pages.sentences.words import GROUPS, plain
from schemas.records.integration import SYSTEM_OF_RECORD_ONLY, FieldGroup, Integration, Mode

UNKNOWN: Final = "VIVE does not know this setting, so it has no effect."
UNKNOWN_SHOWN: Final = 5
LONGEST_NAME: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """A field group at a client: whether VIVE writes it, and the sentence about it."""

    name: str
    owned: bool
    rule: str


def group_rules(integration: Integration) -> tuple[GroupRule, ...]:
    """The rule of every field group, and of names in the integration's settings that are none."""
    rules = []
    for group, name in GROUPS.items():
        because = _not_written_because(integration, group)
        rules.append(GroupRule(name=name, owned=because is None, rule=because or _owned(integration, group)))
    unknown = integration.unknown_pushes
    rules += [GroupRule(name=plain(name[:LONGEST_NAME]), owned=False, rule=UNKNOWN) for name in unknown[:UNKNOWN_SHOWN]]
    return tuple(rules)


def _not_written_because(integration: Integration, group: FieldGroup) -> str | None:
    if integration.mode is Mode.ONE_WAY:
        return "Owned by Vantaca. VIVE only reads it."
    if integration.owns(group):
        return None
    if group in SYSTEM_OF_RECORD_ONLY and integration.mode is not Mode.SYSTEM_OF_RECORD:
        return "Owned by Vantaca: only a System of Record writes it. Differences are reported."
    return "Owned by Vantaca: it is not switched on. Differences are reported, never written."


def _owned(integration: Integration, group: FieldGroup) -> str:
    match group:
        case FieldGroup.STATUS:
            texts = ", ".join(f"{plain(word)}: “{text}”" for word, text in integration.status_texts.items())
            return f"Owned by VIVE. {texts}" if texts else "Owned by VIVE. No status texts are set up yet."
        case FieldGroup.PAYMENT_HOLD:
            return (
                f"Owned by VIVE where the reason carries {integration.hold_marker}. A person's hold is never touched."
            )
        case FieldGroup.INSURANCE:
            return "Owned by VIVE for VIVE's policies. Other rows are left, and none is ever deleted."
        case FieldGroup.NAMES:
            return "Owned by VIVE: legal name and DBA name."
        case FieldGroup.ADDRESS:
            return "Owned by VIVE: the street address."
