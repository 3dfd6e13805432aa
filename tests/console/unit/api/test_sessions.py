"""The session cookie and the sign-in page."""

import httpx
import pytest

from tests.console.api_world import ACME, HERE, RUN, World

RUNS = f"/clients/{ACME}/sync-runs"
OWN = {"Origin": HERE}


async def sign_in(client: httpx.AsyncClient, person: str = "dana", then: str = "/") -> httpx.Response:
    return await client.post("/sign-in", data={"person": person, "then": then}, headers=OWN)


async def test_one_signs_in_comes_back_and_presses(world: World, client: httpx.AsyncClient) -> None:
    page = await client.get("/sign-in", params={"then": f"/accounting/{ACME}/vantaca"})
    assert page.status_code == 200
    assert "Client Admin of Acme" in page.text
    entered = await sign_in(client, then=f"/accounting/{ACME}/vantaca")
    assert (entered.status_code, entered.headers["location"]) == (303, f"/accounting/{ACME}/vantaca")
    assert (await client.get(RUNS)).status_code == 200
    assert (await client.post(RUNS, headers=OWN)).status_code == 202
    assert world.actions.requested == [("Dana (dana)", ACME, None)]


async def test_the_cookie_is_out_of_reach(client: httpx.AsyncClient) -> None:
    cookie = (await sign_in(client)).headers["set-cookie"].lower()
    assert cookie.startswith("vive_session=")
    assert {"httponly", "samesite=lax", "secure", "path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_on_plain_http_on_the_own_machine_the_cookie_is_not_secure(world: World) -> None:
    here = "http://127.0.0.1:8090"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url=here) as client:
        answer = await client.post("/sign-in", data={"person": "dana"}, headers={"Origin": here})
    assert "secure" not in answer.headers["set-cookie"].lower()


async def test_signing_out_deletes_the_cookie(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    out = await client.post("/sign-out", headers=OWN)
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert 'vive_session=""' in out.headers["set-cookie"]
    assert (await client.get(RUNS)).status_code == 401


async def test_there_is_nobody_else_to_sign_in_as(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, person="mallory")
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
async def test_no_other_site_signs_anybody_in_or_out(
    client: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    answer = await client.post(path, data={"person": "dana"}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_page_without_a_session_leads_to_the_sign_in(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/accounting/{ACME}/vantaca")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?then=%2Faccounting%2F{ACME}%2Fvantaca"
    assert (await client.get(RUNS)).status_code == 401


async def test_the_front_end_takes_its_token_into_a_cookie(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.post("/session", headers=world.bearer())
    assert answer.status_code == 204
    assert (await client.get(f"{RUNS}/{RUN}")).status_code == 200
    again = await client.post("/session", headers=OWN)
    assert (again.status_code, again.json()["type"]) == (403, "urn:vive-sync:problem:no-bearer")


async def test_a_bad_bearer_is_refused_also_with_a_good_cookie(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    for header in ("Bearer nonsense", "Basic ZGFuYTpkYW5h", ""):
        assert (await client.get(RUNS, headers={"Authorization": header})).status_code == 401
