"""Prints, as JSON, what the tree that it runs in declares: commands, settings and topics.

It is run as a script by the interpreter of that tree, which may be an older revision. So it imports nothing of ours by
a name that is not public: the commands come from the entry point ``vive-sync``, the settings from the classes that
read them from the environment, and only the topics from their module, ``schemas.topics``.
"""

import importlib
import importlib.metadata
import json
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final, NoReturn

import typer
from pydantic_settings import BaseSettings

COMMAND: Final = "vive-sync"


class _AppFound(BaseException):
    """Ends the entry point once it has called its app. No handler of the command's own errors catches it."""

    def __init__(self, app: typer.Typer) -> None:
        super().__init__()
        self.app = app


def command_line() -> Any:
    """The command that the entry point runs. The entry point itself ends before it parses anything.

    Raises:
        RuntimeError: the entry point ended without a call of a ``typer.Typer``.
    """

    def found(app: typer.Typer, *_: Any, **__: Any) -> NoReturn:
        raise _AppFound(app)

    typer.Typer.__call__ = found  # type: ignore[method-assign, assignment]
    (entry_point,) = importlib.metadata.entry_points(group="console_scripts", name=COMMAND)
    try:
        entry_point.load()()
    except _AppFound as reached:
        return typer.main.get_command(reached.app)
    raise RuntimeError(f"The command {COMMAND} does not run a typer.Typer: adapt command_line() in {__file__}.")


def commands(command: Any, path: str) -> Iterator[dict[str, Any]]:
    """A command with its parameters, then its subcommands, by name."""
    context = typer.Context(command)
    yield {
        "path": path,
        "hidden": bool(command.hidden),
        "parameters": [parameter(each, context) for each in command.params],
    }
    for name, subcommand in sorted(getattr(command, "commands", {}).items()):
        yield from commands(subcommand, f"{path} {name}")


def parameter(declared: Any, context: typer.Context) -> dict[str, Any]:
    """An option or an argument. ``default`` is null where there is none, or where each call computes it."""
    return {
        "kind": declared.param_type_name,
        "names": [*declared.opts, *declared.secondary_opts],
        "type": declared.display_type(context).strip("<>"),
        "minimum": declared.min,
        "maximum": declared.max,
        "required": declared.required,
        "repeatable": declared.multiple or declared.nargs != 1,
        "hidden": declared.hidden,
        "variable": declared.envvar,
        "default": None if callable(declared.default) else as_json(declared.default),
    }


def settings() -> dict[str, dict[str, Any]]:
    """The JSON schema of each environment variable that a class of settings reads.

    Raises:
        RuntimeError: the command has imported no such class.
    """
    classes = [each for each in subclasses(BaseSettings) if each.model_config.get("env_prefix")]
    if not classes:
        raise RuntimeError(f"The command imports no settings with a prefix: adapt settings() in {__file__}.")
    return {
        f"{each.model_config['env_prefix']}{name}".upper(): {
            **schema,
            "required": name in each.model_json_schema().get("required", ()),
        }
        for each in classes
        for name, schema in each.model_json_schema()["properties"].items()
    }


def subclasses(of: type[BaseSettings]) -> Iterator[type[BaseSettings]]:
    """All subclasses that have been imported."""
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)


def topics() -> dict[str, dict[str, Any]]:
    """Each topic's key and its settings for Kafka."""
    declared = importlib.import_module("schemas.topics")
    return {topic.name: {"key": topic.key, **topic.config()} for topic in declared.ALL}


def as_json(value: Any) -> Any:
    """A default as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    return [as_json(each) for each in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    root = command_line()
    json.dump({"commands": list(commands(root, COMMAND)), "settings": settings(), "topics": topics()}, sys.stdout)
