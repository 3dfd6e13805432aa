"""``vive-sync topics``."""

from typing import Annotated

import typer
from rich.table import Table

from cli.settings import Settings
from cli.views.output import fail, people, print_json
from messaging.topic_admin import admin_of, check_topics, create_topics
from schemas.topics import ALL


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(topics)


def topics(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only look; exit 1 when something is not as declared.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Create the topics that are missing and check all of them."""
    settings = Settings()
    admin = admin_of(settings.kafka)
    created = [] if check else create_topics(admin, partitions=settings.partitions, replication=settings.replication)
    problems = check_topics(admin)
    if as_json:
        print_json({"created": created, "problems": problems})
    elif not problems:
        table = Table("Topic", "Key", "Cleanup", "Says")
        for topic in ALL:
            name = f"{topic.name} (created)" if topic.name in created else topic.name
            table.add_row(name, topic.key, topic.config()["cleanup.policy"], topic.description)
        people.print(table)
    if problems:
        fail("\n".join(problems))
