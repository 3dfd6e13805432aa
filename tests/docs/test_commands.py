import re
import shlex
from pathlib import Path

import click
import pytest
import typer
import typer.core

from accounting.vantaca.sandbox.faults.faults import FAULT
from cli.main import app
from tests.docs.markdown import DOCUMENTS, REFERENCE, ROOT, fenced, table, unquoted

TEXT = (REFERENCE / "commands.md").read_text()
EVERY_TEXT = [path.read_text() for path in DOCUMENTS]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
CONSOLE = [line.partition(" #")[0].strip() for block in fenced(TEXT, "console") for line in block.splitlines()]
OURS = [shlex.split(line) for line in CONSOLE if line.startswith("vive-sync ")]


def test_the_table_of_commands_is_complete() -> None:
    documented = [unquoted(row["Command"]) for row in table(TEXT, "Command")]
    assert sorted(documented) == sorted(f"vive-sync {name}" for name in COMMANDS)


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
    subcommands = getattr(command, "commands", None)
    alone = getattr(command, "invoke_without_command", False)
    assert subcommands is None or alone or example[2] in subcommands


def options_of(command: click.Command) -> set[str]:
    own = {option for parameter in command.params for option in parameter.opts}
    return own.union(*(options_of(each) for each in getattr(command, "commands", {}).values()))


def test_options_and_commands_in_the_documents_exist() -> None:
    options = set().union(*map(options_of, COMMANDS.values()))
    documented = {
        name
        for text in EVERY_TEXT
        for name in re.findall(r"`(?:vive-sync [a-z-]+(?: [a-z-]+)? )?(--[a-z-]+)`", text)
        if name != "--help"
    }
    assert documented
    assert documented - OF_OTHER_PROGRAMS <= options
    for text in EVERY_TEXT:
        assert set(re.findall(r"`vive-sync ([a-z-]+)", text)) <= set(COMMANDS)


OF_OTHER_PROGRAMS = {"--patience", "--weakness"}
"""Options of the programs of the stress and the chaos suite, in docs/reliability.md."""


def test_every_target_of_make_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for text in EVERY_TEXT:
        documented = set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE))
        assert documented <= targets


def test_the_example_of_a_fault_is_one() -> None:
    bodies = [words[words.index("-d") + 1] for line in CONSOLE if "-d" in (words := shlex.split(line))]
    assert bodies
    for body in bodies:
        FAULT.validate_json(body)
