"""``vive-sync broker``, ``sandbox`` and ``up``: what a developer starts."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from accounting.vantaca.sandbox import RunningSandbox, Sandbox, serve_forever
from cli.commands.console import LocalSignIn
from cli.processes.dev_environment import DevEnvironmentError, running_stack
from cli.settings import Settings
from cli.views.output import fail, people, print_json
from devkit.broker import BrokerUnavailableError, start_broker
from messaging.topic_admin import admin_of, create_topics


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(broker)
    app.command()(sandbox)
    app.command()(up)


def broker(
    *,
    port: Annotated[
        int | None, typer.Option(help="Port for clients on 127.0.0.1; any free one when not given.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder to keep the data in; without it the data goes at the end.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Start a Kafka with all topics and keep it until Ctrl-C."""
    people.quiet = as_json
    try:
        with start_broker(data_dir=data, port=port, report=lambda line: people.print(line, markup=False)) as started:
            settings = Settings()
            created = create_topics(
                admin_of(started.bootstrap), partitions=settings.partitions, replication=settings.replication
            )
            if as_json:
                print_json({"kafka": started.bootstrap, "kind": started.kind, "created": created})
            else:
                people.print(f"Kafka ({started.kind}) answers at {started.bootstrap}. Ctrl-C ends it.")
                people.print(f"  export VIVE_SYNC_KAFKA={started.bootstrap}")
            wait_for_signal()
    except BrokerUnavailableError as error:
        fail(str(error), as_json=as_json)


def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.")] = 0,
    data: Annotated[
        Path | None, typer.Option(help="JSON file with companies, providers and faults.", exists=True)
    ] = None,
    port_file: Annotated[Path | None, typer.Option(help="Write the port here once it listens.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Run a sandbox Vantaca until Ctrl-C. Its data is read and edited under /_sandbox/."""

    def ready(running: RunningSandbox) -> None:
        if port_file is not None:
            partial = port_file.with_suffix(".partial")
            partial.write_text(str(running.port))
            partial.rename(port_file)
        if as_json:
            print_json({"url": running.url})
        else:
            people.print(f"The sandbox Vantaca answers at {running.url}. Ctrl-C ends it.")

    serve_forever(Sandbox(), host, port, data, ready=ready)


def up(
    *,
    vendors: Annotated[int, typer.Option(min=10, help="Vendors of the two demo clients.")] = 1000,
    workers: Annotated[int, typer.Option(min=1, help="Workers to start.")] = 1,
    local_sign_in: LocalSignIn = False,
    console_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the console; 0 for any free one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Start a Kafka, a sandbox Vantaca, workers and a console with the demo's data, until Ctrl-C."""
    people.quiet = as_json
    try:
        with running_stack(vendors=vendors, workers=workers, latency=(0.02, 0.06)) as stack:
            clients = [client.integration.client_id for client in stack.clients]
            console = stack.start_console(port=console_port, local_sign_in=local_sign_in)
            if as_json:
                print_json(
                    {"kafka": stack.bootstrap, "sandbox": stack.sandbox_url, "console": console, "clients": clients}
                )
            else:
                people.print(f"Kafka at {stack.bootstrap}, sandbox Vantaca at {stack.sandbox_url}. Ctrl-C ends all.")
                how = "" if local_sign_in else " (say --local-sign-in to sign in without a token)"
                people.print(f"Console at {console}{how}.")
                people.print("In another shell:")
                people.print(f"  export VIVE_SYNC_KAFKA={stack.bootstrap}")
                for client in clients:
                    people.print(f"  vive-sync sync-all {client} --wait")
                people.print(f"  vive-sync vendor {clients[0]} V00001")
            wait_for_signal()
    except (BrokerUnavailableError, DevEnvironmentError) as error:
        fail(str(error), as_json=as_json)


def wait_for_signal() -> None:
    """Block until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(1.0):
        pass
