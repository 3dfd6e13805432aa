"""Concerns: everything at a client that needs a person, each with its remedy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from console.pages.sentences.availability import UNREADABLE, UNTIL_CORRECTED, client_name
from console.pages.sentences.words import counted
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.views import ClientView, DeadLetterLine, VendorLine, VendorState
from schemas.records.integration import Integration, UnreadableIntegration

SHOWN: Final = 5
"""Vendors, or dead letters, of one kind that are shown at once."""
MAX_SEARCHED: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One vendor, or one record, that waits for a person."""

    vendor_id: str | None
    name: str
    reason: str
    at: datetime | None
    letter_id: str | None = None
    next_attempt_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One kind of thing that needs a person. ``state`` leads to the vendors; None: to the dead letters."""

    kind: str
    tone: str
    title: str
    to_do: str
    number: int
    cases: tuple[Case, ...] = ()
    state: VendorState | None = None


REMEDIES: Final[Mapping[str, str]] = {
    "missing": "Link the vendor to the right provider in VIVE, then try again.",
    "rejected": "Correct the data in VIVE; VIVE then syncs the vendor by itself. Or try again as it is now.",
    "gave_up": "Vantaca did not answer for a day. Once it does, try again.",
    "bug": "VIVE failed at this vendor. Try again; if it comes back, give its number to VIVE's support.",
    "undecodable": "VIVE could not read a record from another VIVE service. Give its number to VIVE's support.",
    "foreign_partition": "Another VIVE service wrote to a wrong place in Kafka. Give its number to VIVE's support.",
    "invalid": "A record from another VIVE service is not valid. Give its number to VIVE's support.",
    "stale": "VIVE received two versions of this vendor in the wrong order. Give its number to VIVE's support.",
}
"""By a dead letter's code: the advice to the person."""
OTHER_REMEDY: Final = "Look at the reason, then try again."


def concerns(
    snapshot: ReadModel, client_id: str, view: ClientView, *, handled: frozenset[str] = frozenset()
) -> tuple[Concern, ...]:
    """Everything that needs a person now, the most urgent first.

    ``view`` is of the same snapshot. ``handled`` are dead letters that the read model may still have as open.
    """
    dead_letters = snapshot.dead_letters(client_id, limit=MAX_SEARCHED) if view.open_dead_letters else None
    found_open = dead_letters.items if dead_letters is not None else ()
    lines = tuple(line for line in found_open if line.letter_id not in handled)
    by_vendor = {line.vendor_id: line for line in reversed(lines) if line.vendor_id is not None}
    found = [_paused(snapshot, client_id, view)]
    covered: set[str] = set()
    for state, number in ((VendorState.MISSING, view.missing), (VendorState.REJECTED, view.rejected)):
        vendors = _some(snapshot, client_id, state, number, MAX_SEARCHED)
        covered |= {vendor.vendor_id for vendor in vendors}
        found.append(wrong(state, number, vendors, by_vendor))
    cases = _failed_cases(snapshot, client_id, view.failed, by_vendor)
    covered |= {case.vendor_id for case in cases if case.letter_id is not None and case.vendor_id is not None}
    found.append(failing(view.failed, cases))
    other = tuple(line for line in lines if line.vendor_id not in covered)
    more = view.open_dead_letters - len(found_open)
    found.append(other_dead_letters(_dead_letter_cases(snapshot, client_id, other[:SHOWN]), len(other) + more))
    return tuple(concern for concern in found if concern is not None)


def _paused(snapshot: ReadModel, client_id: str, view: ClientView) -> Concern | None:
    if isinstance(view.integration, UnreadableIntegration):
        return unreadable(view.parked)
    return paused(view.integration, view.parked, _some(snapshot, client_id, VendorState.PARKED, view.parked, 1))


def _some(snapshot: ReadModel, client_id: str, state: VendorState, number: int, limit: int) -> tuple[VendorLine, ...]:
    return snapshot.vendors(client_id, states=frozenset({state}), limit=limit).items if number else ()


def _failed_cases(
    snapshot: ReadModel, client_id: str, number: int, dead_letters: Mapping[str, DeadLetterLine]
) -> tuple[Case, ...]:
    """The shown ones of the vendors that failed. A vendor that VIVE tries again by itself gets no link to its dead letter."""
    lines = _some(snapshot, client_id, VendorState.FAILED, number, SHOWN)
    newest = snapshot.newest_outcomes(client_id, [line.vendor_id for line in lines])
    cases = []
    for line in lines:
        outcome = newest.get(line.vendor_id)
        next_attempt_at = None if outcome is None else outcome.next_attempt_at
        dead_letter = dead_letters.get(line.vendor_id) if next_attempt_at is None else None
        cases.append(_case(line, dead_letter, next_attempt_at))
    return tuple(cases)


def _case(line: VendorLine, dead_letter: DeadLetterLine | None, next_attempt_at: datetime | None = None) -> Case:
    return Case(
        vendor_id=line.vendor_id,
        name=line.name,
        reason=line.reason or "",
        at=line.at,
        letter_id=None if dead_letter is None else dead_letter.letter_id,
        next_attempt_at=next_attempt_at,
    )


def _dead_letter_cases(snapshot: ReadModel, client_id: str, lines: Sequence[DeadLetterLine]) -> tuple[Case, ...]:
    names = snapshot.vendor_names(client_id, [line.vendor_id for line in lines if line.vendor_id is not None])
    return tuple(
        Case(
            vendor_id=line.vendor_id if line.vendor_id in names else None,
            name=names.get(line.vendor_id or "") or line.vendor_id or f"Record {line.letter_id}",
            reason=line.reason,
            at=line.at,
            letter_id=line.letter_id,
        )
        for line in lines
    )


def unreadable(number: int) -> Concern:
    """Nothing is synced, because the client's integration can't be read; ``number`` vendors wait."""
    waiting = f" {counted(number, 'vendor')} {'waits' if number == 1 else 'wait'}." if number else ""
    return Concern(
        kind="unreadable",
        tone="bad",
        title=UNREADABLE.removesuffix("."),
        to_do=f"{UNTIL_CORRECTED}{waiting} Ask VIVE's support to correct them. Nothing has to be pressed afterwards.",
        number=number,
        state=VendorState.PARKED,
    )


def paused(integration: Integration, number: int, some: tuple[VendorLine, ...]) -> Concern | None:
    """The client waits because Vantaca refuses its credentials."""
    if not number:
        return None
    because = f"{counted(number, 'vendor')} {'waits' if number == 1 else 'wait'}."
    if some and some[0].reason:
        because = f"{because} {some[0].reason}"
    return Concern(
        kind="paused",
        tone="bad",
        title=f"Syncing is paused: Vantaca refuses the credentials of {client_name(integration)}",
        to_do=(
            f"{because} Check in Vantaca that VIVE's user is active and its password is the one given to VIVE. "
            "Nothing has to be pressed afterwards."
        ),
        number=number,
        state=VendorState.PARKED,
    )


def wrong(
    state: VendorState, number: int, vendors: tuple[VendorLine, ...], dead_letters: Mapping[str, DeadLetterLine]
) -> Concern | None:
    """Vendors without their provider in Vantaca, or with data that Vantaca does not take or VIVE can't use."""
    if not number:
        return None
    trouble = "is linked to a provider that Vantaca does not have"
    if number > 1:
        trouble = "are linked to providers that Vantaca does not have"
    if state is VendorState.REJECTED:
        trouble = f"{'has' if number == 1 else 'have'} data that can't be synced"
    return Concern(
        kind=state.value,
        tone="bad",
        title=f"{counted(number, 'vendor')} {trouble}",
        to_do=REMEDIES[state.value],
        number=number,
        cases=tuple(_case(line, dead_letters.get(line.vendor_id)) for line in vendors[:SHOWN]),
        state=state,
    )


def failing(number: int, cases: tuple[Case, ...]) -> Concern | None:
    """Vendors that failed and that VIVE tries again by itself."""
    if not number:
        return None
    return Concern(
        kind="failed",
        tone="warn",
        title=f"{counted(number, 'vendor')} failed",
        to_do="VIVE tries again by itself, for a day, where a time is given. Nothing has to be done unless it stays so.",
        number=number,
        cases=cases,
        state=VendorState.FAILED,
    )


def other_dead_letters(cases: tuple[Case, ...], number: int) -> Concern | None:
    """Dead letters of vendors that are in no other concern."""
    if not number:
        return None
    return Concern(
        kind="letters",
        tone="warn",
        title=f"{counted(number, 'sync')} put aside: no further try would have helped",
        to_do="Each says what is wrong. Once that is mended, try again.",
        number=number,
        cases=cases,
    )
