"""Generated requests: the HTTP interface answers all of them as its OpenAPI description defines, and never fails."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.console.api_world import ACME, RUN, World
from tests.support.serving import serving
from tests.support.slowness import patient

KNOWN = {"path.client": ACME, "path.run": RUN, "path.vendor": "v-1", "path.letter": "0-0"}
CURSORS = (
    "[[operations]]",
    "include-path-regex = '/(sync-runs|vendors|dead-letters)$'",
    "include-method = 'GET'",
    # A cursor is any text, and yet only those of earlier pages are taken.
    "checks.positive_data_acceptance.enabled = false",
    "",
)
EXAMPLES = 30
"""Of each operation, in the phase that makes them up; another one goes through each part of a request."""


@pytest.mark.parametrize(
    ("parameters", "phases"),
    [({}, "coverage"), (KNOWN, "examples,fuzzing")],
    ids=["any ids", "ids that there are"],
)
async def test_every_answer_is_described(world: World, tmp_path: Path, parameters: dict[str, str], phases: str) -> None:
    """``schemathesis run`` with all its checks: no server error, and status, headers, media type and body as described."""
    lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in parameters.items()]
    (tmp_path / "schemathesis.toml").write_text("\n".join(["[parameters]", *lines, *CURSORS]))
    async with serving(world.app) as address:
        process = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("schemathesis"), "run", f"{address}/openapi.json"),
            *("--header", f"Authorization: {world.bearer()['Authorization']}"),
            *("--phases", phases, "--max-examples", str(EXAMPLES), "--seed", "1"),
            *("--continue-on-failure", "--request-timeout", str(int(patient(20))), "--no-color"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert world.actions.requested
