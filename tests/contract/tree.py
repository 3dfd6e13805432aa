"""Reads the public surface of a checkout, which may be of an older revision: runs its command, and reads its files."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.slowness import patient

PROBE: Final = Path(__file__).with_name("surface_probe.py")
NO_KAFKA: Final = "127.0.0.1:1"
"""No broker listens there; the console serves its description without one."""


class TreeError(RuntimeError):
    """The checkout can't be read. The text says what to do."""


class Tree:
    """A checkout in the folder ``root`` with its own virtual environment in ``.venv``.

    Raises:
        TreeError: it has no virtual environment.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._commands = self._root / ".venv/bin"
        if not (self._commands / "vive-sync").exists():
            raise TreeError(f"{root} has no virtual environment with vive-sync. Run `make -C {root} setup`.")

    def declared(self) -> dict[str, Any]:
        """What the probe prints: ``commands``, ``settings``, ``topics``.

        Raises:
            TreeError: the probe failed in this tree.
        """
        with tempfile.TemporaryDirectory() as folder:
            probe = subprocess.run(
                [self._commands / "python", "-P", PROBE],
                cwd=folder,
                env=self._environment(),
                capture_output=True,
                text=True,
                check=False,
            )
        if probe.returncode:
            raise TreeError(f"The commands of {self._root} can't be read:\n{probe.stderr}")
        return json.loads(probe.stdout)  # type: ignore[no-any-return]

    def description(self) -> dict[str, Any]:
        """The OpenAPI description, from a console that is started for it.

        Raises:
            TreeError: the console did not start.
        """
        with tempfile.TemporaryDirectory() as folder:
            environment = {"VIVE_SYNC_KAFKA": NO_KAFKA, "VIVE_SYNC_DATA_DIR": folder, "VIVE_SYNC_LOG_LEVEL": "ERROR"}
            console = subprocess.Popen(
                [self._commands / "vive-sync", "console", "--port", "0", "--json"],
                cwd=folder,
                env=self._environment() | environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            with console:
                try:
                    assert console.stdout is not None
                    first = console.stdout.readline()
                    if not first:
                        raise TreeError(f"The console of {self._root} did not start; its log says why.")
                    response = httpx.get(f"{json.loads(first)['url']}/openapi.json", timeout=patient(30))
                    return response.raise_for_status().json()  # type: ignore[no-any-return]
                finally:
                    console.terminate()

    def avro_schemas(self) -> Iterator[tuple[str, Any]]:
        """Every .avsc file with its version: the file's name where that is a number, otherwise empty."""
        for path in self._files("avsc"):
            yield (path.stem if path.stem.isdecimal() else ""), json.loads(path.read_text())

    def variables(self) -> Iterator[str]:
        """Environment variables of the documented settings. Those that only tests read are no part of the contract."""
        for path in self._files("md"):
            if path.name == "settings.md":
                names = re.findall(r"^\| `([A-Z_]+)`", path.read_text(), re.MULTILINE)
                yield from (name for name in names if not name.startswith("VIVE_SYNC_TEST_"))

    def _files(self, ending: str) -> Iterator[Path]:
        for path in sorted(self._root.rglob(f"*.{ending}")):
            top, *_ = parts = path.relative_to(self._root).parts
            if top != "tests" and not any(part.startswith(".") for part in parts):
                yield path

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VIVE_SYNC_")}
        return inherited | {"PYTHONPATH": str(self._root)}
