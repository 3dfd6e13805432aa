"""The questions that each play ends with. An answer is a list of sentences; empty is well."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from confluent_kafka import Consumer, KafkaException, TopicPartition

from accounting.vantaca.reading import normalise
from accounting.vantaca.sandbox import Provider
from console.topic_queries.runs import status_of
from devkit.comparison import differences
from devkit.demo_data import DemoClient
from messaging.producer import KafkaUnavailableError
from messaging.topic_reader import TopicReader
from processors.config import WorkerConfig
from schemas.records.dead_letter import DeadLetter
from schemas.topics import DEAD_LETTER, SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC
from tests.chaos.environment import ANSWER_SECONDS, Stage
from tests.support.slowness import patient

Look = Callable[[Stage], list[str]]
READ_BY_WORKERS = (SYNC_REQUESTED, SYNC_EXPANSION, VENDOR_RECORD, VENDOR_SYNC)
FEW = 5


async def answers(stage: Stage, *, seconds: float) -> list[str]:
    """Everything that is not as it must be, within so many seconds of an idle machine."""
    deadline = time.monotonic() + patient(seconds)
    for look in (unsettled, uncommitted, unequal):
        await until_well(look, stage, deadline)
    found: list[str] = []
    for look in (unsettled, unequal, foreign, doubled, uncommitted, dead_letters):
        found += await asyncio.to_thread(look, stage)
    return found


async def until_well(look: Look, stage: Stage, deadline: float) -> None:
    """Look again and again, until it is well or the deadline (monotonic) has passed."""
    while time.monotonic() < deadline and await asyncio.to_thread(_bad, look, stage):
        await asyncio.sleep(0.5)


def _bad(look: Look, stage: Stage) -> bool:
    try:
        return bool(look(stage))
    except KafkaUnavailableError:
        return True


def unsettled(stage: Stage) -> list[str]:
    """Is every vendor of every run settled?"""
    found = []
    for run_id in stage.runs:
        progress = status_of(stage.bootstrap, run_id, stage.codec)
        if not progress.done:
            found.append(f"run {run_id} is not settled: {progress.counts()}")
    return found


def unequal(stage: Stage) -> list[str]:
    """Does the sandbox equal VIVE's data?"""
    return [sentence for client in stage.books for sentence in differences(client, _held(stage, client))][:FEW]


def foreign(stage: Stage) -> list[str]:
    """Was anything touched that is not ours: unlinked providers, rows taken away, paths that no plan has?"""
    found = []
    for client in stage.books:
        held = _held(stage, client)
        unlinked = (vendor.before for vendor in client.vendors if vendor.record.provider_id is None)
        found += [
            f"provider {before.provider_id} of {client.integration.client_id} is linked to nobody and changed"
            for before in unlinked
            if held.get(str(before.provider_id)) != before
        ]
        if len(held) != len(client.vendors):
            found.append(f"{client.integration.client_id} has {len(held)} providers, not {len(client.vendors)}")
    paths = {call.path for call in stage.sandbox.call_log.calls if call.method == "POST"}
    allowed = {"/write/providerUpdate", "/write/providerInsuranceCreate", "/write/providerInsuranceUpdate"}
    return found + [f"a call to {path} was made" for path in sorted(paths - allowed)]


def doubled(stage: Stage) -> list[str]:
    """Is any insurance row doubled?"""
    found = []
    for client in stage.books:
        for provider_id, provider in _held(stage, client).items():
            rows = Counter(
                (normalise.insurance_type(row.insurance_type), normalise.policy_number(row.account_no))
                for row in provider.provider_insurance
            )
            found += [f"provider {provider_id} has {row} {count} times" for row, count in rows.items() if count > 1]
    return found[:FEW]


class OnKafka(Protocol):
    """Whatever has a Kafka."""

    @property
    def bootstrap(self) -> str: ...


def uncommitted(stage: OnKafka) -> list[str]:
    """Is everything committed?"""
    consumer = Consumer({"bootstrap.servers": stage.bootstrap, "group.id": WorkerConfig.group, "log_level": 0})
    try:
        found = []
        for topic in READ_BY_WORKERS:
            known = consumer.list_topics(topic.name, timeout=ANSWER_SECONDS).topics[topic.name]
            places = [TopicPartition(topic.name, number) for number in known.partitions]
            for place in consumer.committed(places, timeout=ANSWER_SECONDS):
                low, high = consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS)
                if high > low and place.offset < high:
                    found.append(f"{topic.name} partition {place.partition}: committed {place.offset} of {high}")
        return found[:FEW]
    except KafkaException as error:
        raise KafkaUnavailableError(f"Kafka does not tell what is committed: {error.args[0].str()}.") from error
    finally:
        consumer.close()


def dead_letters(stage: Stage) -> list[str]:
    """Is each poisoned record a dead letter, and nothing else one?"""
    with TopicReader(stage.bootstrap, [DEAD_LETTER.name], seconds=ANSWER_SECONDS) as reader:
        letters = [stage.codec.decode(DeadLetter, record.value) for record in reader.to_end()]
    dead_letters = {(letter.topic, letter.key or b"") for letter in letters if letter.value is not None}
    found = [f"the poison on {topic} is no dead letter" for topic, _key in sorted(stage.poisoned - dead_letters)]
    others = [letter for letter in letters if letter.value is None or (letter.topic, letter.key) not in stage.poisoned]
    return found + [f"{letter.code}: {letter.reason} ({letter.key!r})" for letter in others[:FEW]]


def _held(stage: Stage, client: DemoClient) -> dict[str, Provider]:
    company = stage.sandbox.companies[client.company.company]
    return {str(number): provider for number, provider in list(company.providers.items())}
