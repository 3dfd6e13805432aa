"""The facts of the contract: each function turns one declaration into lines of text, one fact a line."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fastavro.schema import fingerprint, to_parsing_canonical_form

from tests.contract.json_types import Schema, keys_of, type_of

PROBLEM: Final = "application/problem+json"
NAMED: Final = {"record", "enum", "fixed"}


def command_facts(commands: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Commands, their options by name and their arguments by position."""
    for command in commands:
        path = command["path"]
        yield f"command {path}{': hidden' if command['hidden'] else ''}"
        arguments = [each for each in command["parameters"] if each["kind"] == "argument"]
        for position, argument in enumerate(arguments, start=1):
            yield f"argument {path} {position}: {_parameter(argument)}"
        options = [each for each in command["parameters"] if each["kind"] == "option"]
        for option in sorted(options, key=lambda each: str(each["names"])):
            yield f"option {path} {', '.join(option['names'])}: {_parameter(option)}"


def _parameter(declared: Mapping[str, Any]) -> str:
    words = [declared["type"]]
    words += [f"{limit} {declared[limit]}" for limit in ("minimum", "maximum") if declared[limit] is not None]
    words += [word for word in ("required", "repeatable", "hidden") if declared[word]]
    if declared["variable"]:
        words.append(f"variable {declared['variable']}")
    if declared["default"] is not None:
        words.append(f"default {json.dumps(declared['default'])}")
    return ", ".join(words)


def setting_facts(settings: Mapping[str, Schema], *, home: str) -> Iterator[str]:
    """Environment variables with their types and defaults. The folder ``home`` is written ``~``."""
    for name, schema in sorted(settings.items()):
        default = (
            "required" if schema["required"] else f"default {json.dumps(schema.get('default')).replace(home, '~')}"
        )
        yield f"setting {name}: {type_of(schema, {})}, {default}"


def variable_facts(names: Iterable[str]) -> Iterator[str]:
    """Environment variables that are read elsewhere."""
    return (f"variable {name}" for name in sorted(set(names)))


def topic_facts(topics: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Topics with their keys and settings."""
    for name, settings in sorted(topics.items()):
        yield from (f"topic {name}: {setting} {value}" for setting, value in sorted(settings.items()))


def avro_facts(schemas: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Records by their full names. A schema comes with its version, which is empty for the schema that producers use now.

    Of a numbered version the fingerprint is enough: it covers all names and types. Of the one in use each field is a line.
    """
    lines = []
    for version, schema in schemas:
        name = f"{schema['namespace']}.{schema['name']}"
        value = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
        lines.append(f"avro {name}{f' version {version}' if version else ''}: fingerprint {value}")
        if not version:
            lines.extend(f"avro {name} {field}" for field in _fields(schema, ""))
    return iter(sorted(lines))


def _fields(schema: Any, path: str) -> Iterator[str]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _fields(branch, path)
        return
    if not isinstance(schema, dict):
        return
    yield from _fields(schema.get("items", schema.get("values")), f"{path}[]")
    for field in schema.get("fields", ()):
        key = f"{path}.{field['name']}".removeprefix(".")
        default = f", default {json.dumps(field['default'])}" if "default" in field else ""
        aliases = f", aliases {' '.join(field['aliases'])}" if field.get("aliases") else ""
        yield f"{key}: {_avro_type(field['type'])}{default}{aliases}"
        yield from _fields(field["type"], key)


def _avro_type(schema: Any) -> str:
    if isinstance(schema, list):
        return " | ".join(_avro_type(branch) for branch in schema)
    if not isinstance(schema, dict):
        return str(schema)
    kind = schema["type"]
    if kind in NAMED:
        symbols = f" of {' '.join(schema['symbols'])}" if "symbols" in schema else ""
        return f"{kind} {schema['name']}{symbols}"
    inner = schema.get("items", schema.get("values"))
    words = [f"{kind} of ({_avro_type(inner)})" if inner is not None else _avro_type(kind)]
    return " ".join([*words, *([schema["logicalType"]] if "logicalType" in schema else [])])


def http_facts(description: Mapping[str, Any]) -> Iterator[str]:
    """Requests with their operation ids, parameters, bodies and responses; who may send them; the keys of a problem."""
    components = description["components"]["schemas"]
    problem: set[str] = set()
    for path, operations in sorted(description["paths"].items()):
        for method, operation in sorted(operations.items()):
            request = f"http {method.upper()} {path}"
            yield f"{request}: operation id {operation['operationId']}"
            yield f"{request}: security {_security(operation.get('security', description['security']))}"
            for parameter in sorted(operation.get("parameters", ()), key=lambda each: (each["in"], each["name"])):
                required = "required, " if parameter.get("required") else ""
                kind = type_of(parameter["schema"], components)
                default = parameter["schema"].get("default")
                ending = "" if default is None else f", default {json.dumps(default)}"
                yield f"{request}: {parameter['in']} {parameter['name']}: {required}{kind}{ending}"
            yield from _content(f"{request}: body", operation.get("requestBody", {}), components)
            for status, response in sorted(operation["responses"].items()):
                contents = response.get("content", {})
                if PROBLEM in contents:
                    problem.update(keys_of(contents[PROBLEM]["schema"], components))
                    yield f"{request}: {status} {PROBLEM}"
                others = {kind: content for kind, content in contents.items() if kind != PROBLEM}
                if others or not contents:
                    yield from _content(f"{request}: {status}", {"content": others}, components, empty=True)
    yield from (f"http {PROBLEM} {key}" for key in sorted(problem))
    for name, scheme in sorted(description["components"]["securitySchemes"].items()):
        words = [f"{word} {scheme[word]}" for word in ("type", "scheme", "in", "name") if word in scheme]
        yield f"http security {name}: {', '.join(words)}"


def _security(alternatives: Iterable[Mapping[str, Any]]) -> str:
    return " or ".join(" and ".join(sorted(each)) for each in alternatives) or "none"


def _content(
    prefix: str, holder: Mapping[str, Any], components: Mapping[str, Schema], *, empty: bool = False
) -> Iterator[str]:
    contents = holder.get("content", {})
    if empty and not contents:
        yield prefix
    for media_type, content in sorted(contents.items()):
        yield f"{prefix} {media_type}"
        yield from (f"{prefix} {media_type} {key}" for key in keys_of(content.get("schema", {}), components))
