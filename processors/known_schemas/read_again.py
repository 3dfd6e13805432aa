"""Has the records of dead letters read again whose schema has become known."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from faust.types import TP

from messaging.producer import KafkaUnavailableError, OutgoingRecord
from messaging.topic_admin import TopicsError
from processors.bounded_wait import in_a_thread
from processors.events.async_producer import DeliveryReport
from processors.events.event_publisher import EventPublisher
from processors.known_schemas.late_letters import LateLetter, LetterStep, decide
from processors.known_schemas.letter_reader import LateLetters, read_late_letters
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.transport.topic_ends import TopicEnds
from schemas.records.dead_letter_handled import Action, DeadLetterHandled
from schemas.topics import DEAD_LETTER, SYNC_EXPANSION
from schemas.wire.codec import Codec
from schemas.wire.known_schemas import KnownSchemas

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
CLOCK_SLACK: Final = timedelta(minutes=1)
"""How far the clocks of two workers may differ."""
BY: Final = "VIVE"
KNOWN_NOW: Final = "Its schema has become known."
REPLACED: Final = "Its schema has become known, and the topic holds something newer under its key."


class _Looked(NamedTuple):
    """What was looked at: all letters before this end, for records with these schemas."""

    end: int
    known: frozenset[bytes]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LettersReadAgain:
    """Looks through the dead letters of the worker's partitions whenever there are new ones, or new schemas.

    A letter's record is produced to its topic again, then the letter is noted as redriven. A worker that dies in between leaves
    a record that the next one finds on the topic. ``partitions`` returns the worker's own.
    """

    bootstrap: str
    codec: Codec
    known: KnownSchemas
    publisher: EventPublisher
    ends: TopicEnds
    gate: PartitionGate
    in_flight: PartitionTasks
    partitions: Callable[[], Collection[int]]
    now: Callable[[], datetime]
    _looked: dict[int, _Looked] = field(default_factory=dict)

    async def run(self) -> None:
        """Look every second, until cancelled. Without schemas of other writers there is nothing to look for."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.known.fingerprints and self.gate.reading:
                await self._look()

    async def _look(self) -> None:
        mine = self.partitions()
        for partition in self._looked.keys() - set(mine):
            del self._looked[partition]
        ends = await self.ends.ends([TP(DEAD_LETTER.name, partition) for partition in mine])
        tasks = []
        for tp, end in (ends or {}).items():
            before, looked = self._looked.get(tp.partition), _Looked(end, self.known.fingerprints, self.now())
            if before is None or before[:2] != looked[:2]:
                same = before is not None and before.known == looked.known
                since = before.at - CLOCK_SLACK if before is not None and same else None
                tasks.append(self.in_flight.start(tp.partition, self._read_again(tp.partition, looked, since)))
        started = [task for task in tasks if task is not None]
        if started:
            await asyncio.wait(started)

    async def _read_again(self, partition: int, looked: _Looked, since: datetime | None) -> None:
        read = partial(
            read_late_letters,
            self.bootstrap,
            partition,
            codec=self.codec,
            known=looked.known,
            since_ms=None if since is None else int(since.timestamp() * 1000),
        )
        try:
            found = await in_a_thread(read)
        except (KafkaUnavailableError, TopicsError) as error:
            log.warning("Dead letters whose schema has become known are read again later: %s", error)
            return
        if found.letters:
            await self.gate.ensure_group_membership()
            self.in_flight.enter(Phase.SETTLING)
            for letter in found.letters:
                await self._handle(letter, found)
        self._looked[partition] = looked

    async def _handle(self, letter: LateLetter, found: LateLetters) -> None:
        content = letter.content
        same_key = found.same_key.get((content.topic, content.key), [])
        position: DeliveryReport | None = None
        match decide(content, same_key, codec=self.codec, now=self.now()):
            case LetterStep.LEAVE:
                return
            case LetterStep.PRODUCED:
                position = DeliveryReport(same_key[-1].partition, same_key[-1].offset)
            case LetterStep.PRODUCE:
                position = await self.publisher.put_back(
                    OutgoingRecord(
                        content.topic,
                        content.key,
                        content.value,
                        content.partition if content.topic == SYNC_EXPANSION.name else None,
                    )
                )
        handled = self._handled(letter, found.topic_id, position)
        await self.publisher.dead_letter_handled(handled, key=content.key, partition=letter.id.partition)
        log.info("Dead letter %s: %s", letter.id, handled.note)

    def _handled(self, letter: LateLetter, topic_id: str, position: DeliveryReport | None) -> DeadLetterHandled:
        return DeadLetterHandled(
            letter_id=str(letter.id),
            letter_topic_id=topic_id,
            action=Action.DISCARDED if position is None else Action.REDRIVEN,
            by=BY,
            note=REPLACED if position is None else KNOWN_NOW,
            at=self.now(),
            topic=None if position is None else letter.content.topic,
            partition=None if position is None else position.partition,
            offset=None if position is None else position.offset,
        )
