"""The command ``vive-sync``."""

import signal
import sys

import typer
from pydantic import ValidationError

from cli.commands import broker as commands_broker
from cli.commands import console as commands_console
from cli.commands import dead_letters as commands_dead_letters
from cli.commands import demo as commands_demo
from cli.commands import read_model as commands_read_model
from cli.commands import repair as commands_repair
from cli.commands import run as commands_run
from cli.commands import table as commands_table
from cli.commands import topics as commands_topics
from cli.commands import worker as commands_worker
from cli.settings import Settings
from cli.views.output import fail
from messaging.producer import KafkaUnavailableError
from messaging.registry_access import RegistrySettingsError
from messaging.topic_admin import TopicsError
from schemas.wire.codec import RegistryUnavailableError

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
    commands_repair,
    commands_console,
    commands_read_model,
    commands_broker,
):
    commands.register(app)


def main() -> None:
    """Run the command; errors that a person can fix are a sentence and exit code 1, not a trace."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except (KafkaUnavailableError, RegistryUnavailableError, RegistrySettingsError, TopicsError) as error:
        fail(str(error))
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        names = "; ".join(f"VIVE_SYNC_{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in error.errors())
        fail(f"A setting in the environment is not right. {names}.")
