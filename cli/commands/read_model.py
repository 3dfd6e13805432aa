"""``vive-sync rebuild-read-model``."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rebuild-read-model")(rebuild_read_model)


def rebuild_read_model(
    *, as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False
) -> None:
    """Build the console's read model again from the topics; consoles that run go on by themselves afterwards."""
    from cli.processes.read_model_rebuild import rebuild_and_report  # noqa: PLC0415 -- only this command loads the database's library

    rebuild_and_report(as_json=as_json)
