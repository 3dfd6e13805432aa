import json
import re
import shlex
from pathlib import Path

import click
import pytest
import typer
import typer.core

from accounting.credentials import Credentials
from accounting.vantaca.sandbox.faults.faults import FAULT
from cli.main import app
from producers.records import read_lines
from schemas.records.integration import Integration
from schemas.records.outcome import Status
from schemas.records.vendor_record import VendorRecord
from schemas.topics import ALL, DAY_MS, DEFAULT_PARTITIONS, Topic
from tests.docs.markdown import DOCS, README, ROOT, fenced, table, unquoted

TEXT = README.read_text()
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
CONSOLE = [line.partition(" #")[0].strip() for block in fenced(TEXT, "console") for line in block.splitlines()]
OURS = [shlex.split(line) for line in CONSOLE if line.startswith("vive-sync ")]


def test_the_table_of_commands_is_complete() -> None:
    told = [unquoted(row["Command"]) for row in table(TEXT, "Command")]
    assert sorted(told) == sorted(f"vive-sync {name}" for name in COMMANDS)


def test_every_command_has_an_example() -> None:
    assert {example[1] for example in OURS} == set(COMMANDS)


@pytest.mark.parametrize("example", OURS, ids=" ".join)
def test_an_example_is_a_command_line_that_the_command_takes(
    example: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "records.jsonl").touch()
    command: click.Command = COMMANDS[example[1]]
    command.make_context(example[1], example[2:])


def test_options_and_commands_in_the_text_exist() -> None:
    told = {name for name in re.findall(r"`(?:vive-sync [a-z-]+ )?(--[a-z-]+)`", TEXT) if name != "--help"}
    assert told
    assert told <= {
        option for command in COMMANDS.values() for parameter in command.params for option in parameter.opts
    }
    for text in (TEXT, *(path.read_text() for path in DOCS)):
        assert set(re.findall(r"`vive-sync ([a-z-]+)", text)) <= set(COMMANDS)


def test_every_target_of_make_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for text in (TEXT, *(path.read_text() for path in DOCS)):
        told = set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE))
        assert told <= targets


def test_the_example_lines_can_be_loaded() -> None:
    (block,) = fenced(TEXT, "jsonl")
    assert [type(record) for record in read_lines(block.splitlines())] == [Integration, VendorRecord]


def test_the_example_of_credentials_is_read() -> None:
    (block,) = fenced(TEXT, "json")
    Credentials.model_validate(json.loads(block))


def test_the_example_of_a_fault_is_one() -> None:
    bodies = [words[words.index("-d") + 1] for line in CONSOLE if "-d" in (words := shlex.split(line))]
    assert bodies
    for body in bodies:
        FAULT.validate_json(body)


def cleanup(topic: Topic) -> str:
    return "compact" if topic.retention_ms is None else f"delete after {topic.retention_ms // DAY_MS} days"


def test_the_table_of_topics_is_right() -> None:
    told = [(unquoted(row["Topic"]), row["Key"], row["Cleanup"], row["Says"]) for row in table(TEXT, "Topic")]
    assert told == [(topic.name, topic.key, cleanup(topic), topic.says) for topic in ALL]
    assert f"number of partitions ({DEFAULT_PARTITIONS} unless set otherwise)" in TEXT


def test_no_other_topic_is_named() -> None:
    names = {topic.name for topic in ALL}
    for text in (TEXT, *(path.read_text() for path in DOCS)):
        assert set(re.findall(r"\bvive\.[a-z-]+", text)) <= names


def test_the_picture_has_every_topic_but_the_internal_changelog() -> None:
    (picture,) = fenced(TEXT, "mermaid")
    assert set(re.findall(r"\bvive\.[a-z-]+", picture)) == {
        topic.name for topic in ALL if topic.name.startswith("vive.")
    }


def test_every_status_is_told() -> None:
    assert [unquoted(row["Status"]) for row in table(TEXT, "Status")] == [status.value for status in Status]


def test_every_room_is_told() -> None:
    rooms = {f"{path.parent.name}/" for path in ROOT.glob("*/__init__.py")} | {"docs/"}
    assert {unquoted(row["Room"]) for row in table(TEXT, "Room")} == rooms


@pytest.mark.parametrize("path", [README, *DOCS], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target
