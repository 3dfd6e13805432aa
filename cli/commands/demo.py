"""``vive-sync demo``: the main job from a press to books that agree, and the proof that they do."""

import os
import threading
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.codec import codec_for
from cli.processes.dev_environment import DevEnvironment, DevEnvironmentError, answers, fill, running_stack
from cli.settings import Settings
from cli.views.output import fail, people, print_json
from cli.views.run_view import print_outcome, print_summary, progress_json, watch
from console.topic_queries.run_progress import RunProgress
from console.topic_queries.runs import status_of
from devkit.broker import BrokerUnavailableError
from devkit.comparison import differences
from devkit.demo_data import DemoClient, demo_clients
from devkit.sandbox_client import SandboxClient
from messaging.producer import BlockingProducer
from producers.button import CLIENT_ADMIN, request_sync
from producers.records import load

LATENCY = (0.02, 0.06)
SANDBOX_VARIABLE = "VIVE_SYNC_SANDBOX_URL"
SHOWN_KINDS = 6


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    *,
    vendors: Annotated[int, typer.Option(min=50, help="Vendors of the two clients.")] = 1000,
    against_running: Annotated[
        bool,
        typer.Option(
            "--against-running",
            help=f"Use the Kafka of VIVE_SYNC_KAFKA, the sandbox of {SANDBOX_VARIABLE} and a worker that run already.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Sync two demo clients on a Kafka and a sandbox Vantaca; ends 0 only if the books agree and a person's hold stands."""
    people.quiet = as_json
    try:
        if against_running:
            agreed = Demo(_running_stack(vendors)).play()
        else:
            people.print("Starting Kafka, a sandbox Vantaca and a worker ...")
            with running_stack(vendors=vendors, latency=LATENCY) as stack:
                agreed = Demo(stack).play()
    except (BrokerUnavailableError, DevEnvironmentError) as error:
        fail(str(error), as_json=as_json)
    if as_json:
        print_json(agreed)
    raise SystemExit(0 if agreed["agreed"] else 1)


def _running_stack(vendors: int) -> DevEnvironment:
    url = os.environ.get(SANDBOX_VARIABLE, "")
    if not answers(url):
        raise DevEnvironmentError(
            f"No sandbox answers at {url or 'an address'}: set {SANDBOX_VARIABLE} to where one runs."
        )
    settings = Settings()
    clients = demo_clients(url, vendors=vendors)
    fill(SandboxClient(url), clients, settings.credentials_dir, latency=LATENCY)
    producer = BlockingProducer(settings.kafka, seconds=30.0)
    for client in clients:
        load(client.records, producer=producer, codec=codec_for(settings))
    return DevEnvironment(bootstrap=settings.kafka, sandbox_url=url, folder=Path(), clients=clients)


class Demo:
    """The demo's steps: request a sync, request it again, compare the books."""

    def __init__(self, stack: DevEnvironment) -> None:
        self._stack = stack
        self._codec = codec_for(stack.settings)
        self._producer = BlockingProducer(stack.bootstrap, seconds=10.0)

    def play(self) -> dict[str, object]:
        """Run the demo; the results, with ``agreed`` as the verdict."""
        self._stack.sandbox.forget_calls()
        began = time.monotonic()
        runs = [self._sync(client, press_again=number == 0) for number, client in enumerate(self._stack.clients)]
        took = time.monotonic() - began
        found: list[str] = []
        for client, progress in zip(self._stack.clients, runs, strict=True):
            self._show_examples(client, progress)
            found += differences(client, self._stack.sandbox.providers(client.company.company))
        calls = self._stack.sandbox.counters()
        self._show_calls(calls, took)
        for sentence in found[:20]:
            people.print(f"NOT AS IT MUST BE: {sentence}", style="bold red", markup=False)
        if not found:
            people.print(
                "The sandbox holds what VIVE says, nothing else was touched, and the hold that a person placed still stands.",
                style="bold green",
            )
        return {
            "agreed": not found and all(progress.done for progress in runs),
            "differences": found,
            "runs": [progress_json(progress) for progress in runs],
            "calls": calls["byCompanyAndPath"],
            "seconds": round(took, 1),
        }

    def _sync(self, client: DemoClient, *, press_again: bool) -> RunProgress:
        people.rule(f"{client.integration.client_name} ({client.integration.mode.replace('_', '-')})")
        run_id = self._press(client)
        second: list[str] = []
        again = threading.Thread(target=self._press_again, args=(client, run_id, second), daemon=True)
        if press_again:
            again.start()
        progress = watch(
            self._stack.bootstrap, run_id, self._codec, quiet=people.quiet, meanwhile=self._stack.all_alive
        )
        print_summary(progress)
        if press_again:
            again.join()
            self._show_second(second[0])
        return progress

    def _press(self, client: DemoClient) -> str:
        receipt = request_sync(
            client.integration.client_id,
            person="Dana, Client Admin",
            roles={CLIENT_ADMIN},
            integration=client.integration,
            producer=self._producer,
            codec=self._codec,
        )
        people.print(f"Pressed Sync All Vendors: {receipt.message}", style="bold")
        return receipt.run_id

    def _press_again(self, client: DemoClient, run_id: str, second: list[str]) -> None:
        """Request a sync once more as soon as a part of the first run is settled and a part is not."""
        progress = RunProgress(run_id)
        while not (progress.expanded and progress.counts().settled > 0):
            progress = status_of(self._stack.bootstrap, run_id, self._codec)
        second.append(self._press(client))

    def _show_second(self, run_id: str) -> None:
        progress = watch(self._stack.bootstrap, run_id, self._codec, quiet=True, meanwhile=self._stack.all_alive)
        counts = progress.counts()
        people.print(
            f"The second press, while the first was running: {counts.already_in_progress} vendors were already in progress "
            f"and were not queued again; the {counts.queued} that were done already were looked at once more.",
        )
        print_summary(progress)

    def _show_examples(self, client: DemoClient, progress: RunProgress) -> None:
        people.rule(f"What changed at {client.integration.client_name}, and what was left alone")
        kinds: dict[str, str] = {vendor.kind: vendor.record.vendor_id for vendor in reversed(client.vendors)}
        shown = 0
        for kind, vendor_id in kinds.items():
            outcome = progress.answers.get(vendor_id)
            if outcome is not None and outcome.changes and shown < SHOWN_KINDS:
                shown += 1
                people.print(f"- {kind}", style="cyan")
                print_outcome(outcome)
        person = progress.answers.get(kinds.get("held by a person", ""))
        if person is not None:
            people.print("- held by a person", style="cyan")
            print_outcome(person)

    def _show_calls(self, calls: object, took: float) -> None:
        people.print(f"Calls that Vantaca saw in {took:.1f} s:")
        table = Table("Company", "Call", "Times")
        by_company = calls["byCompanyAndPath"] if isinstance(calls, dict) else {}
        for company, paths in by_company.items():
            for path, times in paths.items():
                table.add_row(company, path, str(times))
        people.print(table)
