"""Attacks: nothing of another client may be read, changed or produced."""

import base64
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from producers.button import CLIENT_ADMIN
from tests.console.api_world import ACME, GLOBEX, HERE, HTML, RUN, World

PRESS = f"/clients/{ACME}/sync-runs"
REDRIVE = f"/clients/{ACME}/dead-letters/0-0/redrive"
READ_PATHS = [
    PRESS,
    f"{PRESS}/{RUN}",
    f"{PRESS}/{RUN}/progress",
    f"/clients/{ACME}/vendors/v-1",
    f"/clients/{ACME}/dead-letters",
]
WAYS = [("POST", PRESS), ("POST", REDRIVE), *(("GET", path) for path in READ_PATHS)]


async def refused(world: World, client: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    """Every way in is shut, as a problem, and nothing was done."""
    for method, path in WAYS:
        answer = await client.request(method, path, headers=headers)
        assert answer.status_code == status, (method, path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        if status == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert not world.actions.requested
    assert not world.actions.handled


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_nobody(world: World, client: httpx.AsyncClient) -> None:
    await refused(world, client, {}, 401)


async def test_the_token_of_another_client(world: World, client: httpx.AsyncClient) -> None:
    await refused(world, client, world.bearer(GLOBEX), 404)


async def test_another_client_looks_as_if_it_were_not_there(admin: httpx.AsyncClient) -> None:
    (known, unknown) = [(await admin.get(f"/clients/{one}/sync-runs")).json() for one in (GLOBEX, "no-such-client")]
    assert known.pop("instance") != unknown.pop("instance")
    assert known == unknown


@pytest.mark.parametrize(
    "roles",
    [
        {"roles": []},
        {"roles": ["viewer"]},
        {"roles": None, "role": CLIENT_ADMIN},
        {"roles": None, "scope": CLIENT_ADMIN, "groups": [CLIENT_ADMIN]},
        {"roles": None, "realm_access": {"roles": [CLIENT_ADMIN]}},
        {"roles": ["CLIENT_ADMIN", "client_admin ", "not_client_admin"]},
    ],
)
async def test_no_role_or_a_role_in_the_wrong_place(
    world: World, client: httpx.AsyncClient, roles: dict[str, object]
) -> None:
    await refused(world, client, world.bearer(**roles), 403)


async def test_a_role_that_is_a_text(world: World, client: httpx.AsyncClient) -> None:
    await refused(world, client, world.bearer(roles=CLIENT_ADMIN), 401)


async def test_another_client_without_the_role_learns_no_more(world: World, client: httpx.AsyncClient) -> None:
    await refused(world, client, world.bearer(GLOBEX, roles=[]), 404)


async def test_an_unsigned_token(world: World, client: httpx.AsyncClient) -> None:
    claims = part(world.issuer.claims(ACME))
    for algorithm in ("none", "None", "NONE", ""):
        await refused(world, client, bearer(f"{part({'alg': algorithm, 'kid': 'ec-1'})}.{claims}."), 401)


async def test_hs256_signed_with_the_public_key(world: World, client: httpx.AsyncClient) -> None:
    public = world.issuer.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'kid': 'rsa-1'})}.{part(world.issuer.claims(ACME))}"
    signature = jwt.get_algorithm_by_name("HS256").sign(signed.encode(), public)
    token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    await refused(world, client, bearer(token), 401)


async def test_times_audience_and_issuer(world: World, client: httpx.AsyncClient) -> None:
    now = int(time.time())
    for claims in (
        {"exp": now - 60},
        {"nbf": now + 60},
        {"exp": None},
        {"aud": "another-service"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": "vive-sync-local-sign-in"},
    ):
        await refused(world, client, world.bearer(ACME, **claims), 401)


@pytest.mark.parametrize("kid", ["../../dev/null", "/etc/passwd", "http://evil.example/jwks.json", "", "ec-2", None])
async def test_a_forged_or_missing_kid(world: World, client: httpx.AsyncClient, kid: str | None) -> None:
    own = generate_private_key(SECP256R1())
    headers = {"jku": "http://evil.example/jwks.json"} | ({} if kid is None else {"kid": kid})
    token = jwt.encode(world.issuer.claims(ACME), own, algorithm="ES256", headers=headers)
    await refused(world, client, bearer(token), 401)


async def test_a_key_of_ones_own_under_a_known_kid(world: World, client: httpx.AsyncClient) -> None:
    own = generate_private_key(SECP256R1())
    token = jwt.encode(world.issuer.claims(ACME), own, algorithm="ES256", headers={"kid": "ec-1"})
    await refused(world, client, bearer(token), 401)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://console.test.evil.example"},
        {"Origin": "http://evil.example/console.test"},
        {"Origin": "https://console.test:8080"},
        {"Origin": "http://[bad"},
        {"Referer": "http://evil.example/?console.test"},
        {"Origin": "http://evil.example", "Referer": f"{HERE}/"},
    ],
)
async def test_a_form_of_another_site_with_our_cookie(
    world: World, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await client.post("/session", headers=world.bearer())
    form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    for path in (PRESS, REDRIVE, f"/accounting/{ACME}/vantaca/sync"):
        assert (await client.post(path, content=b"", headers=form)).status_code == 403
    assert not world.actions.requested
    assert not world.actions.handled
    assert (await client.post(PRESS, headers={"Referer": f"{HERE}/accounting"})).status_code == 202


async def test_no_method_gets_around_the_origin(world: World, client: httpx.AsyncClient) -> None:
    await client.post("/session", headers=world.bearer())
    override = {"X-HTTP-Method-Override": "POST", "Origin": "http://evil.example"}
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        await client.request(method, PRESS, headers=override, params={"_method": "POST"})
    assert not world.actions.requested


async def test_no_other_site_may_read_or_frame_an_answer(world: World, client: httpx.AsyncClient) -> None:
    await client.post("/session", headers=world.bearer())
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for method, path in (
        ("GET", PRESS),
        ("OPTIONS", PRESS),
        ("GET", f"/accounting/{ACME}/vantaca"),
        ("GET", "/nowhere"),
    ):
        answer = await client.request(method, path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/vendors", "/vendors/v-4", "/vendors/v-1", f"/sync-runs/{RUN}/vendors", "/dead-letters"]
)
async def test_html_in_names_and_reason_phrases_is_text_in_json(admin: httpx.AsyncClient, path: str) -> None:
    answer = await admin.get(f"/clients/{ACME}{path}")
    assert answer.headers["content-type"] == "application/json"
    assert not {"<", ">", "&", "\u2028"} & set(answer.text)
    assert HTML in json.dumps(answer.json(), ensure_ascii=False)


@pytest.mark.parametrize(
    "path",
    ["", "?state=rejected", "/vendors/v-4", "/vendors/v-1", f"/runs/{RUN}", "/dead-letters", "/dead-letters/0-1"],
)
async def test_html_in_names_and_reason_phrases_is_text_on_pages(
    world: World, client: httpx.AsyncClient, path: str
) -> None:
    await client.post("/session", headers=world.bearer(name="<b>Dana</b>"))
    answer = await client.get(f"/accounting/{ACME}/vantaca{path}")
    if answer.status_code == 404:
        pytest.skip("there is no such page")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script>alert" not in answer.text
    assert "<b>Dana" not in answer.text


@pytest.mark.parametrize(
    "hostile",
    [
        "..%2f..%2f..%2fetc%2fpasswd",
        "..%5c..%5cwindows",
        "%2e%2e",
        "....//....//etc",
        "%00",
        "v-1%00.json",
        "v-1%0d%0aSet-Cookie:%20a=b",
        "v-1%20",
        "v-1;a=b",
        "%F0%9F%92%A9",
        "%ff%fe",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "x" * 10_000,
        "%25" * 3_000,
    ],
)
async def test_hostile_ids(world: World, admin: httpx.AsyncClient, hostile: str) -> None:
    for template in (
        "/clients/{}/sync-runs",
        f"/clients/{ACME}/vendors/{{}}",
        f"/clients/{ACME}/sync-runs/{{}}",
        f"/clients/{ACME}/sync-runs/{{}}/progress",
        f"/clients/{ACME}/sync-runs/{{}}/vendors",
        f"/accounting/{ACME}/vantaca/vendors/{{}}",
        "/static/{}",
    ):
        answer = await admin.get(template.format(hostile))
        assert answer.status_code in {404, 422}, (template, answer.text)
        assert len(answer.content) < 4_000
        assert "set-cookie" not in answer.headers
    for action in ("redrive", "discard"):
        answer = await admin.post(f"/clients/{ACME}/dead-letters/{hostile}/{action}")
        assert answer.status_code in {404, 422}
    assert not world.actions.handled


async def test_a_dead_letter_id_that_no_number_can_hold(admin: httpx.AsyncClient) -> None:
    for dead_letter in ("999999999-999999999999999999", "9" * 30 + "-1", "-1--1", "\u0663-\u0661"):
        answer = await admin.post(f"/clients/{ACME}/dead-letters/{dead_letter}/redrive")
        assert answer.status_code in {404, 422}


async def test_a_giant_body(world: World, admin: httpx.AsyncClient) -> None:
    giant = b"x" * 70_000

    async def unannounced() -> Any:
        for _ in range(10):
            yield giant

    for path in (PRESS, REDRIVE, "/sign-in"):
        answer = await admin.post(path, content=giant, headers={"Origin": HERE})
        assert answer.status_code == 413
    for path in (REDRIVE, "/sign-in"):
        headers = {"Origin": HERE, "Content-Type": "application/x-www-form-urlencoded"}
        answer = await admin.post(path, content=unannounced(), headers=headers)
        assert answer.status_code == 413
    assert not world.actions.requested
    assert not world.actions.handled


@pytest.mark.parametrize(
    "key", [b"", b"a b", b"a\tb", b"\xff\xfe", b"caf\xc3\xa9", b"a\r\nX-Injected: 1", b"a\nb", b"a\0b", b"x" * 201]
)
async def test_header_injection_in_the_idempotency_key(world: World, admin: httpx.AsyncClient, key: bytes) -> None:
    answer = await admin.post(PRESS, headers=[(b"Idempotency-Key", key)])
    assert answer.status_code == 422
    assert "x-injected" not in answer.headers
    assert not world.actions.requested


async def test_a_crash_shows_nothing_of_the_inside(
    world: World, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret-inside")

    monkeypatch.setattr(world.actions.read_model, "runs", crash)
    answer = await admin.get(PRESS)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret-inside" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
