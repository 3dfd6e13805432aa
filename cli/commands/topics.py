"""``vive-sync topics``: creates, checks and repairs the topics."""

from typing import Annotated

import typer
from rich.table import Table

from cli.settings import Settings
from cli.views.output import fail, people, print_json
from messaging.migration import Migration
from messaging.row_numbers import row_numbers
from messaging.topic_admin import admin_of, check_topics, create_topics, fix_topics, refuse_during_migration
from messaging.topic_differences import placed_by_another
from schemas.topics import ALL

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
topics_app = typer.Typer(invoke_without_command=True, help="Create the topics that are missing and check all of them.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(topics_app, name="topics")


@topics_app.callback()
def topics(
    context: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only check; exit 1 when something is not as declared.")
    ] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Also set the topics' settings as declared.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create the topics that are missing and check all of them."""
    if context.invoked_subcommand is not None:
        return
    if check and fix:
        raise typer.BadParameter("--check changes nothing, and --fix does: give one of them.")
    settings = Settings()
    admin = admin_of(settings.kafka)
    if not check:
        refuse_during_migration(admin)
    created = [] if check else create_topics(admin, partitions=settings.partitions, replication=settings.replication)
    fixed = fix_topics(admin) if fix else {}
    problems = check_topics(admin, partitions=settings.partitions, replication=settings.replication)
    if not problems:
        other_numbers = row_numbers(settings.kafka, settings.partitions) - {settings.partitions}
        problems = [placed_by_another(number, settings.partitions) for number in sorted(other_numbers)]
    if as_json:
        print_json({"created": created, "fixed": fixed, "problems": problems})
    else:
        _print(created, fixed, complete=not problems)
    if problems:
        fail("\n".join(problems))


@topics_app.command()
def migrate(
    *,
    partitions: Annotated[int | None, typer.Option(min=1, help="The new number of partitions.")] = None,
    leave_unfinished: Annotated[
        bool, typer.Option("--leave-unfinished", help="Migrate though runs are not done; they must be requested again.")
    ] = False,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Give up a migration that has not deleted a topic yet.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Move the records of all topics to another number of partitions. Stop workers, consoles and other producers first."""
    if abandon == (partitions is not None):
        raise typer.BadParameter("Give either --partitions with the new number, or --abandon.")
    settings = Settings()
    people.quiet = as_json
    migration = Migration(
        settings.kafka,
        partitions=partitions or settings.partitions,
        replication=settings.replication,
        report=lambda line: people.print(line, markup=False, soft_wrap=True),
    )
    if abandon:
        migration.abandon()
        people.print("The migration is given up: the topics are as before.")
        return
    done = migration.run(leave_unfinished=leave_unfinished)
    if as_json:
        print_json({"partitions": done.partitions, "records": dict(done.records)})
    people.print(
        f"Every record is in its place. Set VIVE_SYNC_PARTITIONS={done.partitions} for all workers and commands."
    )


def _print(created: list[str], fixed: dict[str, dict[str, str]], *, complete: bool) -> None:
    for name, settings in sorted(fixed.items()):
        values = ", ".join(f"{setting}={value}" for setting, value in sorted(settings.items()))
        people.print(f"Topic {name}: set {values}.", markup=False, soft_wrap=True)
    if not complete:
        return
    table = Table("Topic", "Key", "Cleanup", "Says")
    for topic in ALL:
        created_now = " (created)" if topic.name in created else ""
        table.add_row(topic.name + created_now, topic.key, topic.config()["cleanup.policy"], topic.description)
    people.print(table)
