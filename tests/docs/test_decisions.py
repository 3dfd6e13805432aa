import re
import tomllib

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
    told = re.findall(r"^- \*\*([a-z0-9-]+)\*\*: \S.*\n  Considered: \S.*$", section, re.MULTILINE)
    assert len(told) == len(re.findall(r"^- ", section, re.MULTILINE))
    assert sorted(told) == sorted(dependencies())


def test_the_codecs_that_a_worker_dies_without_are_asked_for() -> None:
    asked = next(one for one in PROJECT["project"]["dependencies"] if one.startswith("aiokafka["))
    assert {"lz4", "snappy", "zstd"} <= set(asked[len("aiokafka[") : asked.index("]")].split(","))


def test_the_lock_file_and_the_documents_name_no_address_of_a_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "index-url" not in lock
