"""``vive-sync broker`` and ``vive-sync sandbox``."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
