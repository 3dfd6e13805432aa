"""Dead letters as read from the topics: states, filters, histories."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.topic_queries.dead_letters import DeadLetterQueries, Filter, history, last_outcome, read_dead_letters
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_admin import admin_of, topic_id
from messaging.topic_reader import ConsumedRecord
from schemas.dead_letter_state import DeadLetterHistory, DeadLetterState
from schemas.records.dead_letter import DeadLetter, LetterId
from schemas.records.dead_letter_handled import Action, DeadLetterHandled
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.topics import DEAD_LETTER, DEAD_LETTER_HANDLED, VENDOR_SYNC_OUTCOME
from tests.support.messages import NOW, dead_letter, handled, outcome, unread_record
from tests.support.product_topics import CODEC, new_client, partitions_of
from tests.support.slowness import patient

TOPIC_ID = "t1"
MINUTE = timedelta(minutes=1)


def dead_letter_record(partition: int, offset: int, content: DeadLetter) -> ConsumedRecord:
    value = CODEC.encode(content, topic=DEAD_LETTER.name)
    return ConsumedRecord(DEAD_LETTER.name, partition, offset, content.key, value)


def handled_record(partition: int, offset: int, action: DeadLetterHandled) -> ConsumedRecord:
    return ConsumedRecord(
        DEAD_LETTER_HANDLED.name, partition, offset, None, CODEC.encode(action, topic=DEAD_LETTER_HANDLED.name)
    )


def folded(records: Sequence[ConsumedRecord]) -> DeadLetterQueries:
    queries = DeadLetterQueries(topic_id=TOPIC_ID)
    for record in records:
        queries.take(record, CODEC)
    return queries


def one(queries: DeadLetterQueries, partition: int = 0, offset: int = 0) -> DeadLetterHistory:
    found = queries.get(LetterId(partition, offset))
    assert found is not None
    return found


def test_a_dead_letter_is_open_until_a_person_handles_it() -> None:
    published = dead_letter_record(0, 0, dead_letter())
    discarded = handled_record(0, 0, handled())
    redriven = handled_record(0, 1, handled(action=Action.REDRIVEN, by="Eve"))
    assert one(folded([published])).state is DeadLetterState.OPEN
    assert one(folded([published, discarded])).state is DeadLetterState.DISCARDED
    last = one(folded([published, discarded, redriven]))
    assert last.state is DeadLetterState.REDRIVEN
    assert [action.by for action in last.handled] == ["Dana", "Eve"]


def test_an_action_on_one_dead_letter_changes_no_other() -> None:
    records = [dead_letter_record(0, number, dead_letter()) for number in (0, 1)] + [handled_record(0, 0, handled())]
    assert [found.state for found in folded(records).oldest_first()] == [
        DeadLetterState.DISCARDED,
        DeadLetterState.OPEN,
    ]


def test_actions_on_dead_letters_of_an_earlier_topic_are_ignored() -> None:
    records = [dead_letter_record(0, 0, dead_letter()), handled_record(0, 0, handled(letter_topic_id="t0"))]
    assert one(folded(records)).state is DeadLetterState.OPEN


def test_an_action_on_a_dropped_dead_letter_makes_none() -> None:
    assert folded([handled_record(0, 0, handled(letter_id="0-5"))]).oldest_first() == []


def test_unreadable_records_are_counted_once_and_the_rest_is_read() -> None:
    garbage = [ConsumedRecord(topic.name, 1, 2, b"k", b"garbage") for topic in (DEAD_LETTER, DEAD_LETTER_HANDLED)]
    queries = folded([*garbage, dead_letter_record(0, 0, dead_letter()), *garbage])
    assert queries.unreadable == {(DEAD_LETTER.name, 1, 2), (DEAD_LETTER_HANDLED.name, 1, 2)}
    assert len(queries.oldest_first()) == 1


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[ConsumedRecord], list[ConsumedRecord]]:
    """Records of both topics in two orders that keep the order of each partition."""
    logs: list[list[ConsumedRecord]] = []
    for partition in range(3):
        count = draw(st.integers(0, 4))
        logs.append(
            [
                dead_letter_record(partition, offset, dead_letter(at=NOW + draw(st.integers(0, 3)) * MINUTE))
                for offset in range(count)
            ]
        )
        action = draw(
            st.lists(
                st.builds(
                    handled,
                    letter_id=st.sampled_from([f"{partition}-{offset}" for offset in range(5)]),
                    action=st.sampled_from(Action),
                    letter_topic_id=st.sampled_from([TOPIC_ID, TOPIC_ID, "t0"]),
                ),
                max_size=4,
            )
        )
        logs.append([handled_record(partition, offset, one) for offset, one in enumerate(action)])
    turns = [number for number, log in enumerate(logs) for _ in log]
    return interleaved(logs, draw(st.permutations(turns))), interleaved(logs, draw(st.permutations(turns)))


def interleaved(logs: list[list[ConsumedRecord]], turns: Sequence[int]) -> list[ConsumedRecord]:
    rest = [iter(log) for log in logs]
    return [next(rest[turn]) for turn in turns]


@given(tellings())
def test_the_order_in_which_partitions_are_read_makes_no_difference(
    orders: tuple[list[ConsumedRecord], list[ConsumedRecord]],
) -> None:
    one_way, another = orders
    queries = folded(one_way)
    assert queries == folded(another)
    assert queries == folded(one_way + one_way)
    assert queries.oldest_first() == folded(another).oldest_first()
    for found in queries.oldest_first():
        action = [
            CODEC.decode(DeadLetterHandled, record.value)
            for record in one_way
            if record.topic == DEAD_LETTER_HANDLED.name
        ]
        assert list(found.handled) == [
            each for each in action if each.letter_id == str(found.id) and each.letter_topic_id == TOPIC_ID
        ]


def unhandled(*, partition: int = 0, offset: int = 0, **fields: object) -> DeadLetterHistory:
    return DeadLetterHistory(id=LetterId(partition, offset), content=dead_letter(**fields))


@pytest.mark.parametrize(
    ("dead_letter_filter", "found"),
    [
        (Filter(), True),
        (Filter(client_id="acme"), True),
        (Filter(client_id="globex"), False),
        (Filter(vendor_id="v1"), True),
        (Filter(vendor_id="v2"), False),
        (Filter(codes=frozenset({"bug", "rejected"})), True),
        (Filter(codes=frozenset({"bug"})), False),
        (Filter(since=NOW), True),
        (Filter(since=NOW + MINUTE), False),
        (Filter(until=NOW), False),
        (Filter(until=NOW + MINUTE), True),
        (Filter(client_id="acme", vendor_id="v2"), False),
    ],
)
def test_a_filter_lets_through_what_it_names(dead_letter_filter: Filter, found: bool) -> None:  # noqa: FBT001 -- an expected value
    assert dead_letter_filter.lets_through(unhandled()) is found


def test_handled_dead_letters_pass_only_a_filter_that_includes_them() -> None:
    done = DeadLetterHistory(id=LetterId(0, 0), content=dead_letter(), handled=(handled(),))
    assert not Filter().lets_through(done)
    assert Filter(handled_too=True).lets_through(done)


@pytest.mark.parametrize(
    ("fields", "client_id"),
    [
        ({"topic": "vive.integration", "key": b"acme"}, "acme"),
        ({"topic": "vive.sync-requested", "key": b"acme"}, "acme"),
        ({"topic": "vive.sync-requested", "key": None}, None),
        ({"topic": "vive.integration", "key": b"\xff"}, None),
        ({"topic": "vive.integration", "key": b"no client"}, None),
        ({"topic": "vive.sync-expansion", "key": b"run"}, None),
    ],
)
def test_a_record_of_a_client_is_found_by_its_client(fields: dict[str, object], client_id: str | None) -> None:
    found = DeadLetterHistory(id=LetterId(0, 0), content=unread_record(client_id=None, vendor_id=None, **fields))
    assert found.client_id == client_id


def test_the_history_of_a_vendor_is_its_dead_letters_and_the_actions_on_them_in_order_of_time() -> None:
    records = [
        dead_letter_record(0, 0, dead_letter(at=NOW)),
        dead_letter_record(0, 1, dead_letter(key=b"acme:v2", vendor_id="v2")),
        dead_letter_record(0, 2, unread_record(at=NOW)),
        dead_letter_record(0, 3, dead_letter(at=NOW + 2 * MINUTE)),
        handled_record(0, 0, handled(letter_id="0-0", action=Action.REDRIVEN, at=NOW + MINUTE)),
        handled_record(0, 1, handled(letter_id="0-3", at=NOW + 3 * MINUTE)),
        handled_record(0, 2, handled(letter_id="0-0", action=Action.REDRIVEN, at=NOW + 4 * MINUTE)),
    ]
    queries = folded(records)
    for offset in (0, 3):
        events = history(queries.of_the_same(one(queries, 0, offset)))
        assert [(str(event.dead_letter.id), event.handled and event.handled.action.value) for event in events] == [
            ("0-0", None),
            ("0-0", "redriven"),
            ("0-3", None),
            ("0-3", "discarded"),
            ("0-0", "redriven"),
        ]
    assert [event.dead_letter.id.offset for event in history(queries.of_the_same(one(queries, 0, 1)))] == [1]


def test_a_clock_that_is_behind_puts_no_action_before_its_dead_letter() -> None:
    records = [dead_letter_record(0, 0, dead_letter()), handled_record(0, 0, handled(at=NOW - MINUTE))]
    events = history(folded(records).oldest_first())
    assert [event.handled is None for event in events] == [True, False]


def test_a_dead_letter_without_a_key_has_a_history_of_its_own() -> None:
    queries = folded([dead_letter_record(0, offset, unread_record(key=None)) for offset in (0, 1)])
    assert queries.of_the_same(one(queries, 0, 1)) == [one(queries, 0, 1)]


def test_the_dead_letters_are_those_of_the_topics(bootstrap: str) -> None:
    client, producer = new_client(), BlockingProducer(bootstrap, seconds=patient(30))
    key = f"{client}:v1".encode()
    now = datetime.now(UTC)
    present_topic_id = topic_id(admin_of(bootstrap), DEAD_LETTER)

    def put(at: datetime) -> LetterId:
        content = dead_letter(client_id=client, key=key, at=at)
        (where,) = producer.produce_at(
            [OutgoingRecord(DEAD_LETTER.name, key, CODEC.encode(content, topic=DEAD_LETTER.name))]
        )
        return LetterId(where.partition, where.offset)

    first, second = put(now - timedelta(hours=2)), put(now)
    assert first.partition == second.partition
    action = handled(letter_id=str(first), letter_topic_id=present_topic_id, at=now)
    value = CODEC.encode(action, topic=DEAD_LETTER_HANDLED.name)
    producer.produce_at([OutgoingRecord(DEAD_LETTER_HANDLED.name, key, value, first.partition)])
    for queries in (
        read_dead_letters(bootstrap, CODEC),
        read_dead_letters(bootstrap, CODEC, partition=first.partition),
        read_dead_letters(bootstrap, CODEC, since=now - timedelta(hours=3)),
    ):
        assert one(queries, *first).state is DeadLetterState.DISCARDED
        assert one(queries, *second).state is DeadLetterState.OPEN
        assert [same.id for same in queries.of_the_same(one(queries, *second))] == [first, second]
    assert read_dead_letters(bootstrap, CODEC, since=now + timedelta(hours=1)).contents == {}
    assert read_dead_letters(bootstrap, CODEC, partition=partitions_of(bootstrap, DEAD_LETTER)).contents == {}


def test_a_vendors_last_outcome_is_the_latest_that_settled_something(bootstrap: str) -> None:
    key, producer = VendorKey(new_client(), "v1"), BlockingProducer(bootstrap, seconds=patient(30))
    assert last_outcome(bootstrap, key, CODEC) is None
    for status in (Status.REJECTED, Status.UPDATED, Status.WRITING):
        action = outcome(client_id=key.client_id, status=status)
        value = CODEC.encode(action, topic=VENDOR_SYNC_OUTCOME.name)
        producer.produce_at([OutgoingRecord(VENDOR_SYNC_OUTCOME.name, key.to_bytes(), value)])
    last = last_outcome(bootstrap, key, CODEC)
    assert last is not None
    assert last.status is Status.UPDATED
