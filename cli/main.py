"""The command ``vive-sync``."""

import signal
import sys

import typer
from pydantic import ValidationError

from cli import (
    commands_broker,
    commands_console,
    commands_dead_letters,
    commands_demo,
    commands_read_model,
    commands_run,
    commands_table,
    commands_topics,
    commands_worker,
)
from cli.output import fail
from cli.settings import Settings
from producers.kafka import KafkaAwayError
from schemas.codec import RegistryAwayError
from schemas.topics_on_broker import TopicsError

app = typer.Typer(
    name="vive-sync",
    help="Sync All Vendors: bring every linked vendor's latest VIVE data to Vantaca.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for commands in (
    commands_demo,
    commands_run,
    commands_dead_letters,
    commands_worker,
    commands_topics,
    commands_table,
    commands_console,
    commands_read_model,
    commands_broker,
):
    commands.register(app)


def main() -> None:
    """Run the command; troubles that a person can mend are a sentence and exit code 1, not a trace."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except (KafkaAwayError, RegistryAwayError, TopicsError) as error:
        fail(str(error))
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        names = "; ".join(f"VIVE_SYNC_{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in error.errors())
        fail(f"A setting in the environment is not right. {names}.")
