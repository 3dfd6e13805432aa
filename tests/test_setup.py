import os
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Notes its arguments; FINDS and FETCHES are the exit codes of looking for a Python and of fetching one.
VARIABLES_OF_MAKE = {"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "PYTHON", "VENV"}
"""What a make that runs these tests hands down to every make below it."""
FAKE_UV = """#!/bin/sh
echo "$1 $2" >>"$LOG"
case "$1 $2" in
  "python find") exit $FINDS;;
  "python install") echo "a report of several lines" >&2; exit $FETCHES;;
  "venv --quiet") for folder; do :; done; mkdir "$folder";;
esac
"""
SENTENCE = "is here and uv could not fetch one: install Python 3.11, 3.12, 3.13 or 3.14."


def set_up(folder: Path, *, finds: int, fetches: int) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run `make setup` with a fake uv; what make did, and the commands of uv in their order."""
    uv, log = folder / "uv", folder / "log"
    uv.write_text(FAKE_UV, encoding="utf-8")
    uv.chmod(0o755)
    made = subprocess.run(
        ["make", "setup", f"UV={uv}", f"VENV={folder / 'venv'}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in VARIABLES_OF_MAKE}
        | {"LOG": str(log), "FINDS": str(finds), "FETCHES": str(fetches)},
        capture_output=True,
        text=True,
        check=False,
    )
    return made, log.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("finds", "steps"), [(0, ["python find"]), (2, ["python find", "python install"])], ids=["found", "fetched"]
)
def test_a_python_that_fits_is_found_or_else_fetched(finds: int, steps: list[str], tmp_path: Path) -> None:
    made, commands = set_up(tmp_path, finds=finds, fetches=0)
    assert made.returncode == 0, made.stderr
    assert commands == [*steps, "venv --quiet", "pip sync", "pip install"]


def test_where_no_python_can_be_fetched_one_sentence_names_the_versions_that_fit(tmp_path: Path) -> None:
    made, commands = set_up(tmp_path, finds=2, fetches=1)
    assert made.returncode == 2
    assert commands == ["python find", "python install"]
    sentence, end_of_make = made.stderr.splitlines()
    assert sentence.startswith("No Python >=3.11,<3.15 ")
    assert sentence.endswith(SENTENCE)
    assert "Error 2" in end_of_make


def test_the_versions_that_fit_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.15"
    assert SENTENCE in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "Python 3.11 to 3.14" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "for minor in 14 13 12" in (ROOT / ".ci/run").read_text(encoding="utf-8")
