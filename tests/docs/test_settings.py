import json
import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from accounting.credentials import Credentials
from cli.settings import Settings
from tests.docs.markdown import REFERENCE, ROOT, fenced, table, unquoted

TEXT = (REFERENCE / "settings.md").read_text()
PREFIX = str(Settings.model_config["env_prefix"])
ELSEWHERE = table(TEXT, "Variable", after="## Read elsewhere")
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "tests"}


def as_documented(default: object) -> str:
    assert default is not PydanticUndefined, "a setting without a default must be documented as required"
    if default is None:
        return "unset"
    if isinstance(default, Path) and default.is_relative_to(Path.home()):
        return f"~/{default.relative_to(Path.home())}"
    return json.dumps(default) if isinstance(default, tuple) else str(default)


def test_every_setting_is_told_with_its_default_and_no_other_is() -> None:
    documented = {unquoted(row["Variable"]): unquoted(row["Default"]) for row in table(TEXT, "Variable")}
    fields = Settings.model_fields
    assert documented == {f"{PREFIX}{name.upper()}": as_documented(field.default) for name, field in fields.items()}


def test_every_setting_is_told_in_its_own_words() -> None:
    documented = {unquoted(row["Variable"]): row["Meaning"] for row in table(TEXT, "Variable")}
    for name, field in Settings.model_fields.items():
        assert documented[f"{PREFIX}{name.upper()}"].startswith(field.description or "?")


def test_what_is_read_elsewhere_is_read_there() -> None:
    assert ELSEWHERE
    for row in ELSEWHERE:
        assert unquoted(row["Variable"]) in (ROOT / unquoted(row["Read by"])).read_text()


def test_every_variable_of_ours_is_told() -> None:
    files = [ROOT / "docker-compose.yml", ROOT / "Makefile", ROOT / "Dockerfile", ROOT / "tests/conftest.py"]
    files += [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    used = {name for path in files for name in re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", path.read_text())}
    assert used <= set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", TEXT))


def test_the_example_of_credentials_is_read() -> None:
    (block,) = fenced(TEXT, "json")
    Credentials.model_validate(json.loads(block))
