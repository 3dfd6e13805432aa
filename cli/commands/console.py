"""``vive-sync console``."""

from pathlib import Path
from typing import Annotated

import typer

from cli.processes.process import set_up_logging
from cli.settings import Settings
from cli.views.output import fail, people, print_json

LocalSignIn = Annotated[
    bool,
    typer.Option("--local-sign-in", help="A page to sign in without a password, as people of the demo's clients."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(console)


def console(
    *,
    local_sign_in: LocalSignIn = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; VIVE_SYNC_CONSOLE_PORT when not given, 0 for any free.")
    ] = None,
    port_file: Annotated[Path | None, typer.Option(help="Write the port here once it listens.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Serve the settings page and the HTTP interface until SIGTERM or Ctrl-C; keeps the read model up to date meanwhile."""
    # Only this command loads the web framework, the database's library and the cryptography.
    from cli.demo_people import DEMO_PEOPLE  # noqa: PLC0415
    from cli.processes.console_process import run_console  # noqa: PLC0415
    from cli.processes.console_server import ConsoleError  # noqa: PLC0415

    settings = Settings()
    set_up_logging(settings.log_level)

    def ready(url: str) -> None:
        if port_file is not None:
            partial = port_file.with_suffix(".partial")
            partial.write_text(url.rpartition(":")[2])
            partial.rename(port_file)
        if as_json:
            print_json({"url": url})
        else:
            people.print(f"The console answers at {url}. Ctrl-C ends it.")

    try:
        run_console(
            settings,
            people=DEMO_PEOPLE if local_sign_in else None,
            port=settings.console_port if port is None else port,
            ready=ready,
        )
    except ConsoleError as error:
        fail(str(error), as_json=as_json)
