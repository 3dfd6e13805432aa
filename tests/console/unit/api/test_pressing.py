"""Requests that change something: the button and dead letters."""

import httpx
import pytest

from console.ports import Health
from producers.button import CONFIRMATION
from tests.console.api_world import ACME, World

PRESS = f"/clients/{ACME}/sync-runs"
DANA = "Dana Reyes (dana@acme.example)"


async def test_a_press_is_answered_with_the_sentence_and_the_run(world: World, admin: httpx.AsyncClient) -> None:
    answer = await admin.post(PRESS, headers={"Idempotency-Key": "key-1"})
    assert answer.status_code == 202
    body = answer.json()
    assert body["message"] == CONFIRMATION == "All linked vendors have been queued for sync."
    assert answer.headers["location"] == body["links"]["self"] == f"{PRESS}/{body['run_id']}"
    assert world.actions.requested == [(DANA, ACME, "key-1")]


@pytest.mark.parametrize(
    ("client_id", "why"),
    [("lookers", "one-way"), ("garbled", "can't be read"), ("nobody", "no accounting integration")],
)
async def test_a_refused_request_has_the_reason(
    world: World, client: httpx.AsyncClient, client_id: str, why: str
) -> None:
    answer = await client.post(f"/clients/{client_id}/sync-runs", headers=world.bearer(client_id))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:vive-sync:problem:not-eligible")
    assert why in answer.json()["detail"]


async def test_without_kafka_the_answer_is_that_nothing_was_queued(world: World, admin: httpx.AsyncClient) -> None:
    world.actions.kafka_unavailable = True
    answer = await admin.post(PRESS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"].endswith("kafka-away")
    answer = await admin.post(f"/clients/{ACME}/dead-letters/0-0/redrive")
    assert answer.status_code == 503


async def test_without_the_schema_registry_too(world: World, admin: httpx.AsyncClient) -> None:
    world.actions.registry_unavailable = True
    answer = await admin.post(PRESS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"].endswith("registry-away")
    assert answer.json()["detail"] == "The schema registry does not answer. Nothing was queued."


@pytest.mark.parametrize("action", ["redrive", "discard"])
async def test_a_dead_letter_is_handled_in_the_persons_name(
    world: World, admin: httpx.AsyncClient, action: str
) -> None:
    answer = await admin.post(f"/clients/{ACME}/dead-letters/0-0/{action}", json={"note": "The link is repaired."})
    assert answer.status_code == 202
    done = {"redrive": "redriven", "discard": "discarded"}[action]
    assert answer.json() == {"letter_id": "0-0", "action": done, "by": DANA}
    assert world.actions.handled == [(done, DANA, "0-0", "The link is repaired.")]


@pytest.mark.parametrize("dead_letter", ["0-2", "7-7"])
async def test_other_clients_dead_letters_are_not_there(
    world: World, admin: httpx.AsyncClient, dead_letter: str
) -> None:
    assert (await admin.post(f"/clients/{ACME}/dead-letters/{dead_letter}/redrive")).status_code == 404
    assert not world.actions.handled


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"note": 7}', b'{"note": "a\\nb"}', b'{"other": 1}', b'{"note": "%s"}' % (b"x" * 501), b"[" * 9000],
)
async def test_a_note_is_one_line(world: World, admin: httpx.AsyncClient, body: bytes) -> None:
    answer = await admin.post(f"/clients/{ACME}/dead-letters/0-0/discard", content=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:vive-sync:problem:not-valid")
    assert not world.actions.handled


async def test_before_the_topics_are_read_no_client_is_taken_for_unknown(
    world: World, client: httpx.AsyncClient
) -> None:
    world.health = Health(database=True, projector=True, caught_up=False)
    for method, path in (("POST", "sync-runs"), ("GET", "sync-button")):
        answer = await client.request(method, f"/clients/nobody/{path}", headers=world.bearer("nobody"))
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:vive-sync:problem:behind")
        known = await client.request(method, f"/clients/{ACME}/{path}", headers=world.bearer())
        assert known.is_success
