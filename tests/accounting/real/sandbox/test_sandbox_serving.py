import asyncio
import io
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from accounting.vantaca.sandbox import Company, CompanySettings, Provider, RunningSandbox, Sandbox, run_sandbox
from tests.accounting.sandbox_caller import CREDENTIALS, Caller

PROGRAM = """
import sys
from pathlib import Path
from accounting.vantaca.sandbox import Sandbox, serve_forever
serve_forever(Sandbox(), data_file=Path(sys.argv[1]), ready=lambda running: print(running.url, flush=True))
"""


async def test_it_serves_on_a_free_port_of_the_loopback_address(running: RunningSandbox) -> None:
    assert running.url == f"http://127.0.0.1:{running.port}"
    async with await run_sandbox(Sandbox()) as other:
        assert other.port != running.port
    with pytest.raises(OSError, match="address already in use"):
        await run_sandbox(Sandbox(), port=running.port)


async def test_a_process_serves_a_data_file_until_it_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    company = {**CREDENTIALS, "providers": [{"providerID": 1, "name": "One"}]}
    path.write_text(json.dumps({"companies": [company]}))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with aiohttp.ClientSession() as session:
        reply = await Caller(url=url, session=session).read()
        assert reply.json()[0]["name"] == "One"
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


async def test_ten_thousand_providers_are_read_in_one_call(caller: Caller, sandbox: Sandbox) -> None:
    settings = CompanySettings.model_validate({"company": "Big", "login": "b", "pwd": "b"})
    sandbox.add_company(settings, [Provider(provider_id=n, name=f"Vendor {n}") for n in range(1, 10_001)])
    reply = await caller.send("GET", "/read/provider", credentials={"company": "Big", "login": "b", "pwd": "b"})
    assert [provider["providerID"] for provider in reply.json()] == list(range(1, 10_001))
    assert (await caller.admin("GET", "companies")).json()["companies"]["Big"] == 10_000
    everything = await caller.admin("GET", "companies/Big")
    copy = f"{caller.url}/_sandbox/companies/Copy"
    async with caller.session.put(copy, data=io.BytesIO(everything.body)) as answer:
        assert answer.status == 204
    assert sandbox.companies["Copy"].providers == sandbox.companies["Big"].providers


async def test_a_bug_is_500_and_its_text_is_not_logged(
    caller: Caller, acme: Company, caplog: pytest.LogCaptureFixture
) -> None:
    acme.put(acme.providers[123].model_copy(update={"name": b"no JSON"}))
    assert (await caller.read()).status == 500
    assert (await caller.admin("GET", "counters")).json()["byStatus"] == {"500": 1}
    assert "TypeError at " in caplog.text
    assert "no JSON" not in caplog.text
