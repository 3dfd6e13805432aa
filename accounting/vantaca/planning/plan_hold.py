"""The payment hold. It is VIVE's where its reason carries the marker; a person's hold is never touched."""

from accounting.vantaca.planning import mapping
from accounting.vantaca.planning.draft import Draft, as_read
from accounting.vantaca.reading import normalise
from accounting.vantaca.reading.provider import Provider
from schemas.records.integration import FieldGroup, Integration
from schemas.records.vendor_record import VendorRecord

GROUP = FieldGroup.PAYMENT_HOLD


def plan_hold(draft: Draft, record: VendorRecord, provider: Provider, integration: Integration) -> None:
    """Place VIVE's hold, update its reason, or release it.

    | Vantaca holds | VIVE wants a hold | VIVE wants none |
    |---|---|---|
    | no hold | placed, unless a person released this very one | nothing to do |
    | VIVE's hold | its reason is kept up to date | released |
    | a person's hold | left: ``foreign_hold`` | left: ``foreign_hold`` |

    A new provider starts on hold with no reason (Vantaca's support article on vendors): that is not VIVE's hold either.
    """
    desired = record.payment_hold
    held = provider.on_hold
    if GROUP not in draft.owned:
        if held is not None and held is not desired:
            draft.leave_not_owned(GROUP, "onHold", as_read(held), as_read(desired))
        return
    if held is None:
        _leave(
            draft, held, desired, "ambiguous", "Vantaca does not say whether there is a payment hold, so VIVE left it."
        )
        return
    marker = normalise.text(integration.hold_marker)
    reason = normalise.text(provider.on_hold_reason)
    of_vive = bool(marker) and marker in reason
    if held and not of_vive:
        because = "The payment hold was placed by a person in Vantaca, so VIVE left it."
        _leave(draft, held, desired, "foreign_hold", because)
    elif desired and not marker:
        because = (
            "The hold marker is blank, so a hold of VIVE's could not be told from a person's: configure the marker."
        )
        _leave(draft, held, desired, "invalid_value", because)
    elif desired:
        _hold(draft, held=held, observed=reason, desired=mapping.hold_reason(marker, record.hold_reason))
    elif held:
        draft.requires_fresh_observation = True
        draft.write(GROUP, "onHold", value=False, before=as_read(held))
        draft.write(GROUP, "onHoldReason", mapping.release_text(marker), reason)


def _hold(draft: Draft, *, held: bool, observed: str, desired: str) -> None:
    if observed == desired:
        if not held:
            because = (
                "A person released this payment hold in Vantaca, so VIVE did not place it again for the same reason."
            )
            _leave(draft, held, desired=True, code="foreign_hold", reason=because)
        return
    draft.requires_fresh_observation = True
    if not held:
        draft.write(GROUP, "onHold", value=True, before=as_read(held))
    draft.write(GROUP, "onHoldReason", desired, observed)


def _leave(draft: Draft, held: bool | None, desired: bool, code: str, reason: str) -> None:  # noqa: FBT001
    draft.leave(GROUP, "onHold", as_read(held), as_read(desired), code, reason)
