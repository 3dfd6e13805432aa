"""Requests that read."""

from typing import Any

import httpx
import pytest

from tests.console.api_world import ACME, RUN, World

CLIENT = f"/clients/{ACME}"


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(CLIENT + path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


async def test_the_button_lists_the_groups_it_would_write(admin: httpx.AsyncClient) -> None:
    assert await get(admin, "/sync-button") == {
        "available": True,
        "reason": None,
        "system": "vantaca",
        "mode": "two_way",
        "pushes": ["status", "payment_hold", "insurance"],
    }


@pytest.mark.parametrize(
    ("client_id", "why"),
    [("lookers", "one-way"), ("garbled", "can't be read"), ("nobody", "no accounting integration")],
)
async def test_the_button_has_the_reason_why_it_is_not_available(
    world: World, client: httpx.AsyncClient, client_id: str, why: str
) -> None:
    answer = (await client.get(f"/clients/{client_id}/sync-button", headers=world.bearer(client_id))).json()
    assert not answer["available"]
    assert why in answer["reason"]


async def test_runs_and_their_counts(admin: httpx.AsyncClient) -> None:
    page = await get(admin, "/sync-runs")
    assert (page["total"], page["next_cursor"]) == (1, None)
    (run,) = page["items"]
    assert run == await get(admin, f"/sync-runs/{RUN}")
    assert (run["done"], run["total"], run["settled"], run["requested_by"]) == (True, 4, 4, "Dana")
    counted = {state: number for state, number in run["by_state"].items() if number}
    assert counted == {"updated": 1, "unchanged": 1, "missing": 1, "rejected": 1}
    assert (await admin.get(run["links"]["vendors"])).json()["total"] == 4


async def test_the_vendors_of_a_run_by_state(admin: httpx.AsyncClient) -> None:
    page = await get(admin, f"/sync-runs/{RUN}/vendors", state=["missing", "updated"])
    assert {line["vendor_id"]: line["state"] for line in page["items"]} == {"v-1": "updated", "v-3": "missing"}


async def test_vendors_by_pages_and_search(admin: httpx.AsyncClient) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(admin, "/vendors", limit=2, **cursor)
        assert page["total"] == 5
        seen += [line["vendor_id"] for line in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == ["v-1", "v-2", "v-3", "v-4", "v-5"]
    assert [line["vendor_id"] for line in (await get(admin, "/vendors", q="VENDOR V-2"))["items"]] == ["v-2"]
    assert (await get(admin, "/vendors", state="unlinked"))["total"] == 1


async def test_a_vendor_with_its_outcomes(admin: httpx.AsyncClient) -> None:
    vendor = await get(admin, "/vendors/v-1")
    assert vendor["vendor"]["state"] == "updated"
    assert vendor["record"]["legal_name"] == "Vendor v-1"
    (outcome,) = vendor["outcomes"]
    assert outcome["changes"] == [
        {"group": "status", "field": "complianceStatus", "before": "Pending", "after": "Approved"}
    ]
    assert outcome["left_alone"][0]["code"] == "foreign_hold"
    assert not outcome.keys() & {"worker", "topic_id", "through_offset"}


async def test_dead_letters(admin: httpx.AsyncClient) -> None:
    page = await get(admin, "/dead-letters")
    assert {dead_letter["letter_id"]: dead_letter["code"] for dead_letter in page["items"]} == {
        "0-0": "missing",
        "0-1": "rejected",
    }


@pytest.mark.parametrize(
    "path", ["/sync-runs/unknown", "/sync-runs/unknown/vendors", "/vendors/unknown", "/sync-runs/globex-run"]
)
async def test_unknown_ids_are_not_found(admin: httpx.AsyncClient, path: str) -> None:
    answer = await admin.get(CLIENT + path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"] == CLIENT + path


@pytest.mark.parametrize(
    "query",
    [{"cursor": "nonsense"}, {"limit": 0}, {"limit": 201}, {"state": "odd"}, {"q": "x" * 201}, {"cursor": "x" * 2000}],
)
async def test_parameters_that_are_refused(admin: httpx.AsyncClient, query: dict[str, Any]) -> None:
    answer = await admin.get(f"{CLIENT}/vendors", params=query)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["title"] == "Not valid"
    assert problem["errors"][0]["where"].startswith(f"query.{next(iter(query))}")


async def test_health_needs_no_token(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()["well"]) == (200, True)
    world.health = type(world.health)(database=True, projector=False, caught_up=False)
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()["projector"]) == (503, False)


async def test_an_unavailable_database_is_a_problem(world: World, admin: httpx.AsyncClient) -> None:
    with world.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE runs RENAME TO gone")
    answer = await admin.get(f"{CLIENT}/sync-runs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"].endswith("database-away")


async def test_the_router_answers_as_all_else(admin: httpx.AsyncClient) -> None:
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("DELETE", f"{CLIENT}/vendors", 405),
        ("GET", "/health/", 404),
    ):
        answer = await admin.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status


async def test_all_methods_of_a_path_are_listed(admin: httpx.AsyncClient) -> None:
    answer = await admin.options(f"{CLIENT}/sync-runs")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
