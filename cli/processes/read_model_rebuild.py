"""Rebuilds the read model and reports the progress."""

import time

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from cli.codec import codec_for
from cli.processes.console_process import read_model_engine
from cli.processes.console_server import ConsoleError
from cli.settings import Settings
from cli.views.output import errors, fail, people, print_json
from console.read_model.projection.rebuild import Progress, rebuild
from console.read_model.store.lease import LeaseLostError


def rebuild_and_report(*, as_json: bool) -> None:
    """Build it, with a bar for people, and print what was built; a failure is a sentence and exit code 1."""
    settings = Settings()
    began = time.monotonic()
    try:
        with read_model_engine(settings) as engine:
            built = _with_bar(engine, settings, quiet=as_json)
    except (ConsoleError, LeaseLostError) as error:
        fail(str(error), as_json=as_json)
    except SQLAlchemyError as error:  # its text may quote what was written
        fail(f"The read model's database failed ({type(error).__name__}). Run the command again.", as_json=as_json)
    seconds = time.monotonic() - began
    if as_json:
        print_json({"records": built.records, "seconds": round(seconds, 1)})
    else:
        people.print(f"Built the read model from {built.records} records in {seconds:.1f} seconds.")


def _with_bar(engine: Engine, settings: Settings, *, quiet: bool) -> Progress:
    columns = (TextColumn("Reading the topics"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=errors, disable=quiet, transient=True) as bar:
        task = bar.add_task("", total=None)
        return rebuild(
            engine,
            bootstrap=settings.kafka,
            codec=codec_for(settings),
            report=lambda progress: bar.update(task, completed=progress.done, total=progress.total),
        )
