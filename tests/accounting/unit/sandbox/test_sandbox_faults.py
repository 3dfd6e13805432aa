import asyncio
import random
from itertools import pairwise

import aiohttp
import pytest

from accounting.vantaca.sandbox import (
    Company,
    Cut,
    Drop,
    ErrorAnswer,
    Fault,
    Garbage,
    Hang,
    HtmlPage,
    Huge,
    Latency,
    RateLimit,
    RunningSandbox,
    Sandbox,
)
from accounting.vantaca.sandbox.faults.fault_book import FaultBook
from tests.accounting.sandbox_caller import CREDENTIALS, Caller

ROW = {"providerID": "124", "insuranceType": "Misc/Other", "accountNo": "1"}


async def test_an_outage_is_503_timeout_expired_until_it_is_switched_off(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("outage", ErrorAnswer())
    for _ in range(3):
        reply = await caller.read()
        assert (reply.status, reply.reason, reply.media_type) == (503, "Timeout expired.", "application/json")
    sandbox.faults.remove("outage")
    assert (await caller.read()).status == 200


async def test_an_error_comes_with_any_status_and_reason(caller: Caller, sandbox: Sandbox) -> None:
    reason = "INVALID DATE - The Posting Date MUST be in a valid period"
    sandbox.faults.put("error", ErrorAnswer(status=400, reason=reason))
    reply = await caller.read()
    assert (reply.status, reply.reason) == (400, reason)


async def test_a_fault_strikes_only_its_company_its_path_and_the_next_calls(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("other", ErrorAnswer(company="Other"))
    sandbox.faults.put("writes", ErrorAnswer(company="Acme", path="/write/", calls=2))
    assert (await caller.read()).status == 200
    statuses = [(await caller.write("/write/providerUpdate", providerID="123")).status for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert sandbox.faults.faults["writes"][1] == 0


async def test_a_write_that_fails_before_it_is_applied_changes_nothing(
    caller: Caller, sandbox: Sandbox, acme: Company
) -> None:
    sandbox.faults.put("error", ErrorAnswer(status=500, reason="Server Error"))
    assert (await caller.write("/write/providerInsuranceCreate", **ROW)).status == 500
    assert acme.providers[124].provider_insurance == ()


async def test_a_write_may_fail_after_it_was_applied(caller: Caller, sandbox: Sandbox, acme: Company) -> None:
    sandbox.faults.put("error", ErrorAnswer(status=500, reason="Server Error", after_write=True, calls=1))
    sandbox.faults.put("drop", Drop(after_write=True, calls=1))
    assert (await caller.write("/write/providerInsuranceCreate", **ROW)).status == 500
    assert len(acme.providers[124].provider_insurance) == 1
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.write("/write/providerInsuranceCreate", **ROW)
    assert len(acme.providers[124].provider_insurance) == 2


async def test_a_dropped_connection_applies_nothing(caller: Caller, sandbox: Sandbox, acme: Company) -> None:
    sandbox.faults.put("drop", Drop(calls=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.write("/write/providerInsuranceCreate", **ROW)
    assert acme.providers[124].provider_insurance == ()
    assert sandbox.call_log.calls[-1].status is None


@pytest.mark.parametrize("after_write", [False, True])
async def test_a_call_hangs_until_the_fault_is_removed(
    caller: Caller, sandbox: Sandbox, acme: Company, *, after_write: bool
) -> None:
    sandbox.faults.put("hang", Hang(after_write=after_write, calls=1))
    hung = asyncio.create_task(caller.write("/write/providerInsuranceCreate", **ROW))
    while sandbox.faults.faults["hang"][1] != 0:
        await caller.admin("GET", "health")
    assert (await caller.read()).status == 200
    assert not hung.done()
    assert len(acme.providers[124].provider_insurance) == (1 if after_write else 0)
    assert sandbox.call_log.counters().in_flight == 1
    sandbox.faults.remove("hang")
    with pytest.raises(aiohttp.ClientConnectionError):
        await hung


async def test_a_hung_call_ends_when_its_caller_leaves(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("hang", Hang())
    timeout = aiohttp.ClientTimeout(total=0.05)
    with pytest.raises(TimeoutError):
        await caller.session.get(caller.url + "/read/provider", params=CREDENTIALS, timeout=timeout)
    while sandbox.call_log.counters().in_flight:
        await caller.admin("GET", "health")
    assert sandbox.call_log.counters().by_status == {"none": 1}


async def test_a_hung_call_ends_when_another_fault_takes_the_name(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("hang", Hang(calls=1))
    hung = asyncio.create_task(caller.write("/write/providerUpdate", providerID="123"))
    while sandbox.faults.faults["hang"][1] != 0:
        await caller.admin("GET", "health")
    sandbox.faults.put("hang", ErrorAnswer())
    with pytest.raises(aiohttp.ClientConnectionError):
        await hung


async def test_closing_releases_hung_calls(caller: Caller, running: RunningSandbox, sandbox: Sandbox) -> None:
    sandbox.faults.put("hang", Hang(calls=1))
    hung = asyncio.create_task(caller.read())
    while sandbox.faults.faults["hang"][1] != 0:
        await caller.admin("GET", "health")
    await running.close()
    with pytest.raises(aiohttp.ClientConnectionError):
        await hung


async def test_a_cut_answer_stops_in_the_middle(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("cut", Cut(calls=1))
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.read()
    assert (await caller.read()).status == 200


@pytest.mark.parametrize("parameters", [ROW, ROW | {"providerID": "999"}])
async def test_a_cut_answer_without_a_body_fails_too_and_the_write_stays(
    caller: Caller, sandbox: Sandbox, acme: Company, parameters: dict[str, str]
) -> None:
    sandbox.faults.put("cut", Cut(calls=1))
    with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
        await caller.write("/write/providerInsuranceCreate", **parameters)
    assert len(acme.providers[124].provider_insurance) == (parameters is ROW)


async def test_200_with_an_html_page_applies_nothing(caller: Caller, sandbox: Sandbox, acme: Company) -> None:
    sandbox.faults.put("page", HtmlPage(message="We'll be back"))
    reply = await caller.write("/write/providerInsuranceCreate", **ROW)
    assert (reply.status, reply.media_type) == (200, "text/html; charset=utf-8")
    assert b"We&#x27;ll be back" in reply.body
    assert acme.providers[124].provider_insurance == ()


async def test_above_the_rate_limit_is_429_with_retry_after(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("limit", RateLimit(per_second=0.001, burst=2))
    replies = [await caller.read() for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert 990 <= int(replies[2].headers["Retry-After"]) <= 1000


async def test_retry_after_comes_with_an_error_on_request(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("error", ErrorAnswer(status=503, retry_after_seconds=7))
    assert (await caller.read()).headers["Retry-After"] == "7"


async def test_a_write_lands_after_its_latency_even_if_the_caller_left(
    caller: Caller, sandbox: Sandbox, acme: Company
) -> None:
    sandbox.faults.put("slow", Latency(min_seconds=0.2, max_seconds=0.2, path="/write/"))
    timeout = aiohttp.ClientTimeout(total=0.05)
    url = caller.url + "/write/providerInsuranceCreate"
    with pytest.raises(TimeoutError):
        await caller.session.post(url, params=CREDENTIALS | ROW, timeout=timeout)
    assert acme.providers[124].provider_insurance == ()
    while not acme.providers[124].provider_insurance:
        await caller.read()


async def test_calls_in_flight_are_counted_at_their_most(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("hang", Hang(calls=5))
    calls = [asyncio.create_task(caller.write("/write/providerUpdate", providerID="123")) for _ in range(5)]
    while sandbox.faults.faults["hang"][1] != 0:
        await caller.admin("GET", "health")
    sandbox.faults.clear()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, aiohttp.ClientConnectionError) for result in results)
    counters = sandbox.call_log.counters()
    assert (counters.in_flight, counters.most_in_flight, counters.most_in_flight_by_company) == (0, 5, {"Acme": 5})


def strikes(fault: Fault, times: list[float], seed: int = 0) -> list[bool]:
    book = FaultBook(random.Random(seed))  # noqa: S311 - draws that repeat
    book.put("fault", fault)
    return [book.strike(company="Acme", path="/read/provider", now=now).fault is not None for now in times]


def test_a_rate_limit_lets_its_rate_through() -> None:
    times = [tenth / 10 for tenth in range(100)]
    struck = strikes(RateLimit(per_second=2), times)
    assert struck.count(False) == 2 + 19
    let_through = [now for now, hit in zip(times, struck, strict=True) if not hit][2:]
    assert all(later - earlier == pytest.approx(0.5) for earlier, later in pairwise(let_through))


def test_an_error_rate_repeats_with_its_seed() -> None:
    times = [0.0] * 1000
    fault = ErrorAnswer(rate=0.3)
    assert strikes(fault, times, seed=1) == strikes(fault, times, seed=1) != strikes(fault, times, seed=2)
    assert 250 < strikes(fault, times).count(True) < 350


def test_latency_is_drawn_within_its_bounds_and_adds_up() -> None:
    book = FaultBook(random.Random(3))  # noqa: S311 - draws that repeat
    book.put("network", Latency(min_seconds=0.1, max_seconds=0.2))
    book.put("database", Latency(min_seconds=1.0, max_seconds=1.0))
    delays = [book.strike(company="Acme", path="/read/provider", now=0.0).delay for _ in range(100)]
    assert all(1.1 <= delay <= 1.2 for delay in delays)
    assert len(set(delays)) > 90


async def test_garbage_is_no_http_and_the_call_is_not_carried_out(
    caller: Caller, sandbox: Sandbox, acme: Company
) -> None:
    sandbox.faults.put("garbage", Garbage(path="/write/"))
    with pytest.raises(aiohttp.ClientError):
        await caller.write("/write/providerInsuranceCreate", **ROW)
    assert acme.providers[124].provider_insurance == ()
    assert (await caller.read()).status == 200


async def test_a_huge_body_has_no_content(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.put("huge", Huge(mebibytes=3))
    reply = await caller.read()
    assert (reply.status, len(reply.body)) == (200, 3 * 1024 * 1024)
