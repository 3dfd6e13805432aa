"""Plans a redrive: the records to produce, and the letters that are refused. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from messaging.producer import OutgoingRecord
from schemas.dead_letter_state import DeadLetterHistory, DeadLetterState
from schemas.kept_record import STALE
from schemas.records.dead_letter import FOREIGN_PARTITION, DeadLetter
from schemas.records.vendor_key import VendorKey
from schemas.topics import INTEGRATION, SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC, Topic

READ_BY_WORKERS: Final[Mapping[str, Topic]] = {
    topic.name: topic for topic in (INTEGRATION, VENDOR_RECORD, SYNC_REQUESTED, SYNC_EXPANSION, VENDOR_SYNC)
}
"""The topics whose records can become dead letters."""

Newest = Mapping[tuple[str, bytes], bytes | None]
"""The last value of a key on a compacted topic, without keys that the topic does not hold."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One record to produce for all its letters: the sync of a vendor, or the original record."""

    target: VendorKey | OutgoingRecord
    letters: tuple[DeadLetterHistory, ...]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A letter that is not handled, and the reason as a sentence."""

    letter: DeadLetterHistory
    why: str


@dataclass(frozen=True, kw_only=True)
class RedrivePlan:
    """The steps of a redrive in the order of their letters, and the letters that it does not handle."""

    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]


def plan_redrive(
    letters: Iterable[DeadLetterHistory], newest: Newest, *, again: bool = False, replace: bool = False
) -> RedrivePlan:
    """Plan the redrive of these letters. Letters with the same target share one step.

    Args:
        letters: the letters, oldest first.
        newest: the last values of the letters' keys.
        again: whether letters that were handled before are redriven too.
        replace: whether a record is put back that is not the last of its key; it replaces the record that is.
    """
    steps: dict[VendorKey | OutgoingRecord, list[DeadLetterHistory]] = defaultdict(list)
    refusals = []
    for letter in letters:
        target = _target(letter, newest, again=again, replace=replace)
        if isinstance(target, Refusal):
            refusals.append(target)
        else:
            steps[target].append(letter)
    return RedrivePlan(
        steps=tuple(Step(target=target, letters=tuple(letters)) for target, letters in steps.items()),
        refusals=tuple(refusals),
    )


def _target(
    letter: DeadLetterHistory, newest: Newest, *, again: bool, replace: bool
) -> VendorKey | OutgoingRecord | Refusal:
    if letter.state is not DeadLetterState.OPEN and not again:
        return Refusal(letter=letter, why=f"{_handled(letter)} Say --again to redrive it all the same.")
    if letter.of_unsynced_vendor:
        return letter.vendor or Refusal(letter=letter, why="Its key names no vendor that could be synced.")
    content = letter.content
    why_not = _why_foreign(content) or _why_stale(content) or _why_not_put_back(content, newest, replace=replace)
    if why_not is not None:
        return Refusal(letter=letter, why=why_not)
    partition = content.partition if content.topic == SYNC_EXPANSION.name else None
    return OutgoingRecord(content.topic, content.key, content.value, partition)


def _why_foreign(content: DeadLetter) -> str | None:
    if content.code != FOREIGN_PARTITION:
        return None
    if content.value is None:
        return (
            "It was a deletion on a wrong partition: delete again with the right partitioner, then discard this letter."
        )
    return "A worker has put the record on the partition of its key already: discard this letter."


def _why_stale(content: DeadLetter) -> str | None:
    if content.code != STALE:
        return None
    return (
        "Its version is lower than that of the record that VIVE keeps, so VIVE would leave it out again. "
        f"Say `vive-sync repair vendor {content.client_id} {content.vendor_id}` to put it in force, then discard this letter."
    )


def _why_not_put_back(content: DeadLetter, newest: Newest, *, replace: bool) -> str | None:
    topic = READ_BY_WORKERS.get(content.topic)
    if topic is None:
        return f"Nothing can be put back on topic {content.topic}: no worker takes records from it."
    if content.cut:
        return "The record was too large to be kept whole, so it can't be put back."
    if not content.value:
        return "The record was empty: there is nothing to put back."
    if topic.compacted and not content.key:
        return f"The record had no key, and {topic.name} takes none without."
    if topic.compacted and not replace and newest.get((topic.name, content.key or b"")) != content.value:
        return (
            f"It is not what {topic.name} holds last under its key, and would take the place of that. "
            "Say --replace to put it back all the same."
        )
    return None


def plan_discard(letters: Iterable[DeadLetterHistory]) -> tuple[tuple[DeadLetterHistory, ...], tuple[Refusal, ...]]:
    """The letters that can be discarded, and refusals of those that were handled before."""
    letters = tuple(letters)
    return (
        tuple(letter for letter in letters if letter.state is DeadLetterState.OPEN),
        tuple(
            Refusal(letter=letter, why=_handled(letter))
            for letter in letters
            if letter.state is not DeadLetterState.OPEN
        ),
    )


def _handled(letter: DeadLetterHistory) -> str:
    last = letter.handled[-1]
    return f"It was {last.action} by {last.by} on {last.at:%Y-%m-%d %H:%M} UTC already."
