"""Redrives and discards dead letters on a real Kafka, for principals."""

from datetime import UTC, datetime
from typing import Final

from console.auth.principal import Principal
from console.ports import DeadLetterReceipt, DeadLetterUnchangedError
from console.read_model.queries.read_model import ReadModel
from console.topic_queries.dead_letters import read_dead_letters
from messaging.producer import BlockingProducer
from producers.redrive import Handler, discard, read_newest, redrive
from producers.redrive_plan import Refusal, plan_discard, plan_redrive
from schemas.dead_letter_state import DeadLetterHistory
from schemas.records.dead_letter import LetterId
from schemas.records.dead_letter_handled import Action
from schemas.wire.codec import Codec

KAFKA_SECONDS: Final = 4.0


class DeadLetterService:
    """Actions of a Client Admin on a dead letter, which is read from Kafka: the read model may be behind."""

    def __init__(self, bootstrap: str, codec: Codec, read_model: ReadModel) -> None:
        self._bootstrap = bootstrap
        self._codec = codec
        self._read_model = read_model

    def redrive(
        self, principal: Principal, client_id: str, letter_id: LetterId, *, note: str = ""
    ) -> DeadLetterReceipt | None:
        """Sync the dead letter's vendor once more, or publish its record again; None: this client has no such dead letter.

        Raises:
            DeadLetterUnchangedError: it was handled already, or can't be redriven.
            KafkaUnavailableError: Kafka does not have it. Doing it again is safe.
        """
        found = self._find(principal, client_id, letter_id, note)
        if found is None:
            return None
        dead_letter, handler = found
        plan = plan_redrive([dead_letter], read_newest(self._bootstrap, [dead_letter]))
        _none_left(plan.refusals)
        redrive(plan.steps, handler, producer=self._producer(), codec=self._codec)
        return DeadLetterReceipt(letter_id=letter_id, action=Action.REDRIVEN, by=handler.person)

    def discard(
        self, principal: Principal, client_id: str, letter_id: LetterId, *, note: str = ""
    ) -> DeadLetterReceipt | None:
        """Discard the dead letter; None: this client has no such dead letter.

        Raises:
            DeadLetterUnchangedError: it was handled already.
            KafkaUnavailableError: Kafka does not have it. Doing it again is safe.
        """
        found = self._find(principal, client_id, letter_id, note)
        if found is None:
            return None
        dead_letter, handler = found
        dead_letters, refusals = plan_discard([dead_letter])
        _none_left(refusals)
        discard(dead_letters, handler, producer=self._producer(), codec=self._codec)
        return DeadLetterReceipt(letter_id=letter_id, action=Action.DISCARDED, by=handler.person)

    def _find(
        self, principal: Principal, client_id: str, letter_id: LetterId, note: str
    ) -> tuple[DeadLetterHistory, Handler] | None:
        projected = self._read_model.dead_letter(client_id, str(letter_id))
        if projected is None:
            return None
        since = projected[0].at
        dead_letters = read_dead_letters(self._bootstrap, self._codec, partition=letter_id.partition, since=since)
        dead_letter = dead_letters.get(letter_id)
        if dead_letter is None or dead_letter.client_id != client_id:
            return None
        handler = Handler(
            person=principal.signature, note=note, now=datetime.now(UTC), letters_topic_id=dead_letters.topic_id
        )
        return dead_letter, handler

    def _producer(self) -> BlockingProducer:
        return BlockingProducer(self._bootstrap, seconds=KAFKA_SECONDS)


def _none_left(refusals: tuple[Refusal, ...]) -> None:
    for refusal in refusals:
        # The rest names what to do at the command line.
        raise DeadLetterUnchangedError(refusal.why.partition(" Say ")[0])
