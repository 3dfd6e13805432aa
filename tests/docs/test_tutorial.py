import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, fenced
from tests.support.free_port import free_port
from tests.support.slowness import patient

TEXT = (ROOT / "docs/tutorial.md").read_text()
PORTS = ("8080", "29092")
SECONDS = patient(220)


@pytest.mark.timeout(240)
def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    script = "\n".join(fenced(TEXT, "bash"))
    for port in PORTS:
        assert port in script
        script = script.replace(port, str(free_port()))
    output = run(script, tmp_path)
    for shown in "".join(fenced(TEXT, "text")).splitlines():
        before, found, output = output.partition(shown)
        assert found, f"{shown!r} does not follow in {before}"


def run(script: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIVE_SYNC_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    output = folder / "output.log"
    with output.open("wb") as written:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=environment | {"PATH": path, "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=written,
            start_new_session=True,
        )
        with suppress(subprocess.TimeoutExpired):  # its end below is then no success
            process.wait(timeout=SECONDS)
        with suppress(ProcessLookupError):  # where it went well, all that it started has ended
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=patient(20))
    logs = "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in sorted(folder.glob("*.log")))
    assert process.returncode == 0, logs
    return output.read_text()
