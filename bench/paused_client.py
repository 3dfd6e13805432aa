"""The cost of a client at 403 for the others: the time that three healthy clients take, without it and beside it.

    python -m bench.paused_client [--vendors 3000] [--rounds 2]

Four clients on one worker and one sandbox. Every vendor differs. In every other round the fourth is refused for as long as
the others work, and must then finish by itself.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from accounting.vantaca.sandbox import CompanySettings, ErrorAnswer, Latency, Provider, Sandbox, run_sandbox
from bench.pipeline import process
from console.topic_queries.runs import status_of
from devkit.broker import start_broker
from messaging.producer import BlockingProducer
from messaging.topic_admin import admin_of, create_topics
from messaging.topic_reader import TopicReader
from producers.button import CLIENT_ADMIN, request_sync
from producers.records import load
from schemas.records.dead_letter import DeadLetter
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.systems import VANTACA
from schemas.topics import DEAD_LETTER
from schemas.wire.codec import Codec

CAP = 8
LATENCY = Latency(min_seconds=0.05, max_seconds=0.05)
"""With ``CAP`` in flight a client has 160 calls a second: the worker is not at its limit, so what is measured is fairness."""
READ = "/read/providerSingle"
SETTLING_SECONDS = 3.0
"""How long the calls that were under way when the client was paused may take."""
WARM_UP = 50
"""Vendors of a first round that does not count: the worker starts."""


def client(name: str, url: str, vendors: int) -> tuple[Integration, list[VendorRecord]]:
    """A client that pushes status, and its vendors."""
    now = datetime.now(UTC)
    integration = Integration(
        client_id=name,
        system=VANTACA,
        mode=Mode.TWO_WAY,
        pushes=(FieldGroup.STATUS,),
        status_texts={"active": "Approved", "inactive": "Inactive"},
        base_url=url,
        credentials_ref=name,
        max_in_flight=CAP,
        updated_at=now,
    )
    records = [
        VendorRecord(
            client_id=name,
            vendor_id=f"v{number}",
            version=1,
            updated_at=now,
            origin=Origin.SNAPSHOT,
            provider_id=str(number),
            compliant=True,
        )
        for number in range(1, vendors + 1)
    ]
    return integration, records


async def measure(
    bootstrap: str, sandbox: Sandbox, url: str, folder: Path, *, tag: str, vendors: int, beside: bool
) -> float:
    """The seconds that the healthy three took."""
    codec, producer = Codec(), BlockingProducer(bootstrap, seconds=60.0)
    names = [f"{tag}-{number}" for number in range(3)] + ([f"{tag}-refused"] if beside else [])
    integrations = {}
    for name in names:
        integrations[name], records = client(name, url, vendors)
        company = sandbox.add_company(CompanySettings(company=name, login="bench", pwd="bench-password"))
        for number in range(1, vendors + 1):
            company.put(Provider(provider_id=number, name=f"P{number}", compliance_status="Pending"))
        secret = {"company": name, "login": "bench", "password": "bench-password"}
        (folder / f"{name}.json").write_text(json.dumps(secret))
        await asyncio.to_thread(load, [integrations[name], *records], producer=producer, codec=codec)
    if beside:
        sandbox.faults.put("refused", ErrorAnswer(status=403, reason="Authentication failed", company=names[-1]))

    def pressed(name: str) -> str:
        return request_sync(
            name, person="bench", roles={CLIENT_ADMIN}, integration=integrations[name], producer=producer, codec=codec
        ).run_id

    began = time.monotonic()
    runs = {name: await asyncio.to_thread(pressed, name) for name in reversed(names)}
    for name in names[:3]:
        while not _all_written(sandbox, name):
            await asyncio.sleep(0.25)
    took = time.monotonic() - began
    for name in names[:3]:
        while not (await asyncio.to_thread(status_of, bootstrap, runs[name], codec)).done:
            await asyncio.sleep(0.5)
    if beside:
        await _finish(bootstrap, sandbox, names[-1], vendors, took, codec)
    return took


def _all_written(sandbox: Sandbox, name: str) -> bool:
    return all(provider.compliance_status == "Approved" for provider in sandbox.companies[name].providers.values())


async def _finish(bootstrap: str, sandbox: Sandbox, name: str, vendors: int, took: float, codec: Codec) -> None:
    refused = [call for call in sandbox.call_log.calls if call.company == name]
    began_at = min(call.at for call in refused)
    probes = [call.at for call in refused if call.path == READ and call.at > began_at + SETTLING_SECONDS]
    sandbox.faults.remove("refused")
    began = time.monotonic()
    while not _all_written(sandbox, name):
        await asyncio.sleep(0.5)
    with TopicReader(bootstrap, [DEAD_LETTER.name]) as reader:
        letters = [codec.decode(DeadLetter, record.value) for record in reader.to_end()]
    print(
        f"  refused for {took:.0f} s: {len(refused) - len(probes)} calls in the first {SETTLING_SECONDS:g} s, "
        f"then {len(probes) / max(took - SETTLING_SECONDS, 1.0):.2f} probes a second, {len(letters)} dead letters; "
        f"all {vendors} done {time.monotonic() - began:.0f} s after it was accepted again"
    )


async def main() -> None:
    """Print a line a round and the ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--vendors", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    took: dict[bool, list[float]] = {False: [], True: []}
    async with AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory()))
        broker = parts.enter_context(start_broker())
        create_topics(admin_of(broker.bootstrap))
        sandbox = Sandbox()
        sandbox.faults.put("latency", LATENCY)
        running = await parts.enter_async_context(await run_sandbox(sandbox))
        environment = {
            "VIVE_SYNC_KAFKA": broker.bootstrap,
            "VIVE_SYNC_CREDENTIALS_DIR": str(folder),
            "VIVE_SYNC_DATA_DIR": f"{folder}/state",
            "VIVE_SYNC_LOG_LEVEL": "ERROR",
        }
        parts.enter_context(process("-m", "cli", "worker", **environment))
        await measure(broker.bootstrap, sandbox, running.url, folder, tag="warm", vendors=WARM_UP, beside=False)
        for number in range(arguments.rounds):
            for beside in (False, True):
                tag = f"r{number}{'b' if beside else 'a'}"
                seconds = await measure(
                    broker.bootstrap, sandbox, running.url, folder, tag=tag, vendors=arguments.vendors, beside=beside
                )
                took[beside].append(seconds)
                what = "beside a refused client" if beside else "alone"
                print(f"three clients {what}: {3 * arguments.vendors / seconds:.0f} vendors/s", flush=True)
    ratio = statistics.median(took[False]) / statistics.median(took[True])
    print(f"throughput beside a refused client: {ratio:.1%} of that without it")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
