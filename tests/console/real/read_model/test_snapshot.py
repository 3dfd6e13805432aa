"""A page reads one state of the read model, in one transaction, while the projector writes."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from console.app import create_app
from console.auth.tokens import Verifier
from console.ports import ConsolePorts, Health
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import open_engine
from console.read_model.store.views import VendorState
from schemas.records.outcome import Status
from tests.support.issuer import TestIssuer
from tests.support.projected import AT, Projected, dead_letter, integration, outcome, record, run_of

CLIENT = "acme"
VENDORS = [f"v-{number}" for number in range(6)]
PRESS_KEY = re.compile(r'name="key" value="[^"]*"')


def never(*_: object, **__: object) -> Any:
    raise AssertionError("This test presses nothing.")


@pytest.fixture
def projected(engine: Engine) -> Iterator[Projected]:
    """A client with six vendors, projected through connections of its own, as another process does it."""
    own = open_engine(engine.url.render_as_string(hide_password=False))
    projected = Projected(own)
    projected.take(integration(CLIENT), *(record(CLIENT, vendor_id) for vendor_id in VENDORS))
    yield projected
    own.dispose()


@pytest.fixture
async def page(engine: Engine) -> AsyncIterator[Callable[[], Any]]:
    """The client's settings page as HTML, without the random key of its button."""
    issuer = TestIssuer()
    app = create_app(
        ConsolePorts(
            read_model=ReadModel(engine),
            request_sync=never,
            redrive=never,
            discard=never,
            verifier=Verifier([issuer.issuer]),
            health=lambda: Health(database=True, projector=True, caught_up=True),
        )
    )
    headers = {"Authorization": f"Bearer {issuer.token(CLIENT)}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://console.test", headers=headers) as browser:

        async def get() -> str:
            answer = await browser.get(f"/accounting/{CLIENT}/vantaca")
            assert answer.status_code == 200, answer.text
            return PRESS_KEY.sub("", answer.text)

        yield get
    app.state.progress.close()


@contextmanager
def after_statement(engine: Engine, number: int, act: Callable[[], None]) -> Iterator[Callable[[], int]]:
    """Act once, right after so many statements of this engine; gives how many there were."""
    made = 0

    def executed(*_: object) -> None:
        nonlocal made
        made += 1
        if made == number:
            act()

    event.listen(engine, "after_cursor_execute", executed)
    try:
        yield lambda: made
    finally:
        event.remove(engine, "after_cursor_execute", executed)


def settle(projected: Projected, number: int) -> None:
    """One batch of the projector: a further run in which every vendor ends in the state that is this number's turn."""
    status = (Status.FAILED, Status.MISSING)[number % 2]
    run_id, at = f"run-{number:02}", AT + timedelta(minutes=number)
    offsets = [10 * number + index for index in range(len(VENDORS))]
    outcomes = [
        outcome(CLIENT, vendor_id, status, offset, run_id=run_id, at=at, reason=f"It is {status} in {run_id}.")
        for vendor_id, offset in zip(VENDORS, offsets, strict=True)
    ]
    projected.take(*run_of(CLIENT, run_id, VENDORS, at=at), dead_letter(CLIENT, VENDORS[number % 6], at=at), *outcomes)


async def test_a_batch_of_the_projector_between_any_two_queries_of_the_page_is_not_half_on_it(
    engine: Engine, projected: Projected, page: Callable[[], Any]
) -> None:
    settle(projected, 0)
    for number in count(1):
        before = await page()
        with after_statement(engine, number, partial(settle, projected, number)) as made:
            during = await page()
        if made() < number:
            break
        after = await page()
        assert during in {before, after}, f"The change after query {number} is on the page in part."
        assert before != after
    assert number > 5


async def test_the_page_makes_as_many_queries_for_ten_cases_of_trouble_as_for_two(
    engine: Engine, projected: Projected, page: Callable[[], Any]
) -> None:
    numbers = []
    for cases in (1, 5):
        failed = VENDORS[:cases]
        projected.take(*(outcome(CLIENT, vendor_id, Status.FAILED, 1, reason="It failed.") for vendor_id in failed))
        projected.take(*(dead_letter(CLIENT, VENDORS[5], reason=f"Case {case}.") for case in range(cases)))
        with after_statement(engine, 0, lambda: None) as made:
            assert f"Case {cases - 1}." in await page()
        numbers.append(made())
    assert numbers[0] == numbers[1]


def test_a_snapshot_stays_as_it_was_and_the_next_one_is_newer(engine: Engine, projected: Projected) -> None:
    with ReadModel(engine).snapshot() as snapshot:
        before = snapshot.client(CLIENT)
        settle(projected, 0)
        assert snapshot.client(CLIENT) == before
        assert snapshot.runs(CLIENT).total == 0
    with ReadModel(engine).snapshot() as snapshot:
        client = snapshot.client(CLIENT)
        assert client is not None
        assert client.by_state == {VendorState.FAILED: 6}
        assert snapshot.runs(CLIENT).total == 1


def test_facts_of_several_vendors_at_once_are_those_of_each(engine: Engine, projected: Projected) -> None:
    settle(projected, 0)
    projected.take(outcome(CLIENT, VENDORS[0], Status.UPDATED, 99, reason="The newest."))
    model = ReadModel(engine)
    some_ids = [*VENDORS[:3], "of-nobody"]
    details = {vendor_id: model.vendor(CLIENT, vendor_id, outcomes=1) for vendor_id in VENDORS[:3]}
    assert model.vendor_names(CLIENT, some_ids) == {key: one.line.name for key, one in details.items() if one}
    assert model.newest_outcomes(CLIENT, some_ids) == {key: one.outcomes[0] for key, one in details.items() if one}
    for client_id, vendor_ids in ((CLIENT, []), ("other", some_ids)):
        assert not model.vendor_names(client_id, vendor_ids)
        assert not model.newest_outcomes(client_id, vendor_ids)
