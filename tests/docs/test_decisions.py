import re
import tomllib

import pytest

from tests.docs.markdown import ROOT

TEXT = (ROOT / "docs/decisions.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def dependencies() -> set[str]:
    optional = PROJECT["project"].get("optional-dependencies", {})
    lists = [PROJECT["project"]["dependencies"], PROJECT["build-system"]["requires"], *optional.values()]
    lists += PROJECT["dependency-groups"].values()
    return {re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0] for one in lists for requirement in one}


def test_every_dependency_has_its_two_lines_and_nothing_else_has() -> None:
    section = TEXT[TEXT.index("## Dependencies") : TEXT.index("## Build")]
    documented = re.findall(r"^- \*\*([a-z0-9-]+)\*\*: \S.*\n  Considered: \S.*$", section, re.MULTILINE)
    assert len(documented) == len(re.findall(r"^- ", section, re.MULTILINE))
    assert sorted(documented) == sorted(dependencies())


def test_the_codecs_that_a_worker_dies_without_are_asked_for() -> None:
    asked = next(one for one in PROJECT["project"]["dependencies"] if one.startswith("aiokafka["))
    assert {"lz4", "snappy", "zstd"} <= set(asked[len("aiokafka[") : asked.index("]")].split(","))


@pytest.mark.parametrize("path", ["requirements.lock", "devkit/broker/engines/stand-in.lock"])
def test_a_lock_file_names_no_address_of_a_registry(path: str) -> None:
    lock = (ROOT / path).read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert "index-url" not in lock


def test_the_stand_in_is_locked_as_it_is_asked_for_and_not_with_the_rest() -> None:
    (wanted,) = PROJECT["dependency-groups"]["stand-in"]
    assert (ROOT / "devkit/broker/engines/stand-in.lock").read_text().startswith(f"{wanted} ")
    assert wanted not in (ROOT / "requirements.lock").read_text()
