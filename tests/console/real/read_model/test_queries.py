"""The queries of the read model, on SQLite and PostgreSQL."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine

from console.read_model.queries import vendor_lists
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.views import Page, VendorState
from schemas.records.dead_letter_handled import Action
from schemas.records.integration import Integration, UnreadableIntegration
from schemas.records.outcome import Status
from schemas.records.sync_run import QueuedVendor, RunPart
from schemas.topics import DEAD_LETTER, DEAD_LETTER_HANDLED, INTEGRATION, SYNC_RUN, VENDOR_RECORD, VENDOR_SYNC_OUTCOME
from tests.console.read_model.logs import LEFT, Drawn, build, log
from tests.support.messages import NOW, dead_letter, expanding, handled, integration, outcome, shard, vendor_record

T = TypeVar("T")
NAMES = ("Zeta", "alpha", "Älpler & Söhne", "Alpha", "50% off_roofs", "50 off roofs", "", "STRASSE", "Straße", "beta")
STATUSES = (Status.UPDATED, Status.FAILED, Status.UNCHANGED, Status.MISSING, None)


def vendor_id(number: int) -> str:
    return f"V{number:03d}"


def state_of(number: int) -> VendorState:
    status = STATUSES[number % len(STATUSES)]
    return VendorState.UNLINKED if status is None else VendorState(status)


@pytest.fixture
def model(engine: Engine) -> ReadModel:
    """Client ``acme`` with 40 vendors, each in a state by its number, that all were in run ``run``; ``other`` with one."""
    numbers = range(40)
    linked = [number for number in numbers if STATUSES[number % 5]]
    records: list[Drawn] = [(b"other:V001", vendor_record(client_id="other", vendor_id="V001", legal_name="alpha"))]
    for number in numbers:
        name, provider_id = NAMES[number % 10], str(number) if number in linked else None
        record = vendor_record(vendor_id=vendor_id(number), legal_name=name, provider_id=provider_id)
        records.append((f"acme:{vendor_id(number)}".encode(), record))
    drawn_outcomes = [
        outcome(
            vendor_id=vendor_id(number),
            status=STATUSES[number % 5],
            through_offset=number,
            at=NOW + timedelta(seconds=number),
            reason="It broke." if STATUSES[number % 5] is Status.FAILED else None,
        )
        for number in linked
    ]
    queued = tuple(QueuedVendor(vendor_id=vendor_id(number), offset=number) for number in linked)
    unlinked = tuple(vendor_id(number) for number in numbers if number not in linked)
    parts = [
        expanding(1, requested_by="Dana", cause="sync_all"),
        shard(queued=queued, unlinked=unlinked, unknown=("V999",), at=NOW + timedelta(seconds=5)),
    ]
    build(
        engine,
        [
            log(INTEGRATION, 0, [(b"acme", integration())]),
            log(VENDOR_RECORD, 0, records),
            log(VENDOR_SYNC_OUTCOME, 0, [(one.key.to_bytes(), one) for one in drawn_outcomes]),
            log(SYNC_RUN, 0, [(b"run", part) for part in parts]),
        ],
        partitions=1,
    )
    return ReadModel(engine)


def walk(page_at: Callable[[str | None], Page[T]], *, total: int) -> list[T]:
    """All items, page by page."""
    items: list[T] = []
    cursor = None
    while True:
        page = page_at(cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
        assert page.total == total
    assert len(items) == total
    return items


def matching(search: str = "", states: frozenset[VendorState] = frozenset()) -> list[str]:
    """The expected items of a list, in its order."""
    named = {vendor_id(number): NAMES[number % 10] or vendor_id(number) for number in range(40)}
    found = [
        (name.casefold(), key)
        for number, (key, name) in enumerate(named.items())
        if (search.casefold() in name.casefold() or search.casefold() in key.casefold())
        and (not states or state_of(number) in states)
    ]
    return [key for _, key in sorted(found)]


SEARCHES = ("", "alpha", "ALPHA", "äLPLER", "strasse", "50% off_", "%", "_", "/", "v01", "V003", "no such", "ö")
FILTERS = (
    frozenset[VendorState](),
    frozenset({VendorState.FAILED}),
    frozenset({VendorState.UPDATED, VendorState.UNLINKED}),
    frozenset({VendorState.PARKED}),
    frozenset(VendorState),
)


def test_the_vendors_are_listed_by_name_filtered_and_searched(model: ReadModel) -> None:
    for states in FILTERS:
        for search in SEARCHES:
            expected = matching(search, states)
            lines = walk(
                lambda cursor, states=states, search=search: model.vendors(  # type: ignore[misc]
                    "acme", states=states, search=search, limit=7, cursor=cursor
                ),
                total=len(expected),
            )
            assert [line.vendor_id for line in lines] == expected, (states, search)


@pytest.mark.parametrize("few", [0, 1000])
def test_so_are_the_vendors_of_a_run_whether_few_or_many(
    model: ReadModel, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(vendor_lists, "FEW", few)
    for states in FILTERS:
        for search in SEARCHES:
            expected = matching(search, states)
            lines = walk(
                lambda cursor, states=states, search=search: model.run_vendors(  # type: ignore[misc]
                    "acme", "run", states=states, search=search, limit=7, cursor=cursor
                ),
                total=len(expected),
            )
            assert [line.vendor_id for line in lines] == expected, (states, search)


def test_a_line_has_the_reason_and_the_time(model: ReadModel) -> None:
    for page in (model.vendors("acme", limit=100), model.run_vendors("acme", "run", limit=100)):
        lines = {line.vendor_id: line for line in page.items}
        failed, unlinked = lines["V001"], lines["V004"]
        assert (failed.state, failed.reason, failed.at) == (
            VendorState.FAILED,
            "It broke.",
            NOW + timedelta(seconds=1),
        )
        assert (failed.name, failed.provider_id) == ("alpha", "1")
        assert (unlinked.state, unlinked.reason, unlinked.at) == (
            VendorState.UNLINKED,
            "It is not linked to a provider.",
            None,
        )
        assert lines["V006"].name == "V006"


def test_a_search_longer_than_any_name_finds_nothing(model: ReadModel) -> None:
    assert model.vendors("acme", search="x" * 100_000).items == ()
    assert model.vendors("acme", search="\0").items == ()
    assert model.vendors("acme", search="  ").total == 40


def test_a_client_is_found_with_its_counts(model: ReadModel) -> None:
    client = model.client("acme")
    assert client is not None
    assert client.integration == integration()
    assert (client.vendors, client.linked, client.failed, client.missing, client.rejected) == (40, 32, 8, 8, 0)
    assert client.by_state == Counter(state_of(number) for number in range(40))
    assert model.client("other") is None


def test_a_run_is_found_with_its_counts(model: ReadModel) -> None:
    run = model.run("acme", "run")
    assert run is not None
    assert (run.requested_by, run.cause, run.at) == ("Dana", "sync_all", NOW)
    assert (run.total, run.settled, run.unlinked, run.unknown) == (32, 32, 8, 1)
    assert run.done
    assert run.ended_at == NOW + timedelta(seconds=38)
    assert run.by_state == Counter(state_of(number) for number in range(40) if state_of(number) != "unlinked")


def test_nothing_of_another_client_is_found(model: ReadModel) -> None:
    assert model.run("other", "run") is None
    assert model.run_vendors("other", "run") == Page(items=(), next_cursor=None, total=0)
    assert [line.vendor_id for line in model.vendors("other").items] == ["V001"]
    assert model.vendor("other", "V002") is None
    assert model.runs("other").items == ()
    assert model.runs("acme' OR 1=1 --").items == ()


def test_a_vendor_is_found_with_its_last_outcomes_newest_first(engine: Engine) -> None:
    drawn_outcomes: list[Drawn] = [
        (b"acme:v1", outcome(through_offset=offset, status=Status.UNCHANGED, left_alone=(LEFT,)))
        for offset in range(12)
    ]
    build(
        engine,
        [log(VENDOR_RECORD, 0, [(b"acme:v1", vendor_record())]), log(VENDOR_SYNC_OUTCOME, 0, drawn_outcomes)],
        partitions=1,
    )
    model = ReadModel(engine)
    vendor = model.vendor("acme", "v1")
    assert vendor is not None
    assert vendor.record == vendor_record()
    assert (vendor.line.state, vendor.line.reason) == (VendorState.LEFT_ALONE, LEFT.reason)
    assert [one.through_offset for one in vendor.outcomes] == list(range(11, 1, -1))
    few = model.vendor("acme", "v1", outcomes=2)
    assert few is not None
    assert len(few.outcomes) == 2


def test_a_vendor_without_a_record_is_found_but_not_listed(engine: Engine) -> None:
    gone: list[Drawn] = [(b"acme:v1", vendor_record(legal_name="Gone")), (b"acme:v1", None)]
    build(engine, [log(VENDOR_RECORD, 0, gone), log(VENDOR_SYNC_OUTCOME, 0, [(b"acme:v1", outcome())])], partitions=1)
    model = ReadModel(engine)
    vendor = model.vendor("acme", "v1")
    assert vendor is not None
    assert (vendor.record, vendor.line.name, vendor.line.state) == (None, "v1", VendorState.UPDATED)
    assert model.vendors("acme") == Page(items=(), next_cursor=None, total=0)


def test_a_vendor_of_a_run_is_listed_also_where_no_record_of_it_is_known(engine: Engine) -> None:
    named = shard(queued=(QueuedVendor(vendor_id="v1", offset=0),))
    build(engine, [log(SYNC_RUN, 0, [(b"run", named)])])
    page = ReadModel(engine).run_vendors("acme", "run")
    assert [(line.vendor_id, line.name, line.state) for line in page.items] == [("v1", "v1", VendorState.QUEUED)]


def test_an_ended_integration_is_gone_only_after_its_tombstone(engine: Engine) -> None:
    ended = integration(ended_at=NOW)
    build(engine, [log(INTEGRATION, 0, [(b"acme", ended)])])
    client = ReadModel(engine).client("acme")
    assert client is not None
    assert isinstance(client.integration, Integration)
    assert client.integration.ended_at == NOW
    build(engine, [log(INTEGRATION, 0, [(b"acme", ended), (b"acme", None)])])
    assert ReadModel(engine).client("acme") is None


def test_a_client_is_known_though_its_newest_integration_record_cannot_be_read(engine: Engine) -> None:
    older: Drawn = (b"acme", integration())
    garbled: Drawn = (b"acme", b"garbage")
    for drawn in ([older, garbled], [garbled]):
        build(
            engine, [log(INTEGRATION, 0, drawn), log(VENDOR_RECORD, 0, [(b"acme:v1", vendor_record())])], partitions=1
        )
        client = ReadModel(engine).client("acme")
        assert client is not None
        assert isinstance(client.integration, UnreadableIntegration)
        assert (client.integration.code, client.vendors) == ("undecodable", 1)
    build(engine, [log(INTEGRATION, 0, [older, garbled, older])])
    client = ReadModel(engine).client("acme")
    assert client is not None
    assert client.integration == integration()


def test_of_two_copies_of_an_integration_the_later_one_is_in_force(engine: Engine) -> None:
    later, earlier = integration(updated_at=NOW + timedelta(minutes=1)), integration(mode="one_way")
    build(engine, [log(INTEGRATION, 0, [(b"acme", later)]), log(INTEGRATION, 1, [(b"acme", earlier)])])
    client = ReadModel(engine).client("acme")
    assert client is not None
    assert client.integration == later


def test_runs_are_listed_newest_first(engine: Engine) -> None:
    parts: list[Drawn] = [
        (b"", expanding(0, run_id=f"run-{number}", at=NOW + timedelta(seconds=number // 2))) for number in range(9)
    ]
    build(engine, [log(SYNC_RUN, 0, parts)])
    model = ReadModel(engine)
    runs = walk(lambda cursor: model.runs("acme", limit=2, cursor=cursor), total=9)
    assert [run.run_id for run in runs] == [f"run-{number}" for number in range(8, -1, -1)]


def test_a_refused_run_has_the_reason_and_is_done(engine: Engine) -> None:
    build(engine, [log(SYNC_RUN, 0, [(b"run", shard(part=RunPart.REFUSED, refusal="It is one-way.", last=False))])])
    run = ReadModel(engine).run("acme", "run")
    assert run is not None
    assert (run.refusal, run.done, run.expanded, run.ended_at) == ("It is one-way.", True, False, NOW)


def test_dead_letters_are_listed_newest_first_and_the_handled_only_on_request(engine: Engine) -> None:
    drawn: list[Drawn] = [
        (b"acme:v1", dead_letter(at=NOW + timedelta(seconds=number // 2), reason=str(number))) for number in range(6)
    ]
    drawn.append((b"other:v1", dead_letter(client_id="other")))
    actions: list[Drawn] = [
        (b"acme:v1", handled(letter_id="0-1", by="Eve")),
        (b"acme:v1", handled(letter_id="0-1", action=Action.REDRIVEN)),
        (b"acme:v1", handled(letter_id="0-2", letter_topic_id="of another life")),
    ]
    build(engine, [log(DEAD_LETTER_HANDLED, 0, actions), log(DEAD_LETTER, 0, drawn)])
    model = ReadModel(engine)
    opened = walk(lambda cursor: model.dead_letters("acme", limit=2, cursor=cursor), total=5)
    assert [line.letter_id for line in opened] == ["0-5", "0-4", "0-3", "0-2", "0-0"]
    whole = walk(lambda cursor: model.dead_letters("acme", open_only=False, limit=4, cursor=cursor), total=6)
    line = next(line for line in whole if line.letter_id == "0-1")
    assert (line.state, line.handled_by, line.handled_at, line.vendor_id) == ("redriven", "Dana", NOW, "v1")
    assert model.dead_letter("acme", "0-6") is None
    found_dead_letter = model.dead_letter("other", "0-6")
    assert found_dead_letter is not None
    assert found_dead_letter[1] == dead_letter(client_id="other")
    assert model.dead_letter("acme", "no id") is None


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "W10", "WzEsMl0", "ä", "WyJhIiwiXHUwMDAwIl0", "W251bGwsbnVsbF0"])
def test_a_cursor_that_no_page_gave_is_refused_with_a_sentence(model: ReadModel, cursor: str) -> None:
    lists: tuple[Callable[..., Any], ...] = (
        model.runs,
        model.vendors,
        model.dead_letters,
        lambda client, cursor: model.run_vendors(client, "run", cursor=cursor),
    )
    for list_of in lists:
        with pytest.raises(ValueError, match="cursor is not one that this list gave"):
            list_of("acme", cursor=cursor)
