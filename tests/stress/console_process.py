"""The console process of a tree, and a Client Admin who uses its HTTP interface."""

import json
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import httpx

from schemas.records.vendor_record import VendorRecord
from tests.stress.tree import Tree
from tests.support.issuer import AUDIENCE, ISSUER, TestIssuer
from tests.support.slowness import patient
from tests.support.world import World

ANSWER_SECONDS: Final = 10.0


class ConsoleProcess:
    """A console; one process after the other, each with a port and a log of its own."""

    def __init__(self, tree: Tree, world: World) -> None:
        self._tree = tree
        self._world = world
        self._issuer = TestIssuer()
        self._started = 0
        self._jwks = world.folder / "jwks.json"
        self._jwks.write_text(json.dumps(self._issuer.jwks))
        self.start()

    def start(self) -> None:
        """Start its process; it answers some seconds later."""
        self._started += 1
        self._port = self._world.folder / f"console-{self._started}.port"
        settings = {
            "VIVE_SYNC_JWKS": str(self._jwks),
            "VIVE_SYNC_TOKEN_ISSUER": ISSUER,
            "VIVE_SYNC_TOKEN_AUDIENCE": AUDIENCE,
            "VIVE_SYNC_CONSOLE_PORT": "0",
        }
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self._tree.command("console", "--port-file", str(self._port)),
                cwd=self._tree.folder,
                env=self._world.environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._world.processes.append(self.process)

    def start_again(self) -> None:
        """Kill its process, if it runs, and start another."""
        self.process.kill()
        self.process.wait()
        self.start()

    @property
    def name(self) -> str:
        """Of the present process."""
        return f"console-{self._started}"

    @property
    def log(self) -> Path:
        """Of the present process."""
        return self._world.folder / f"{self.name}.log"

    async def missing(self, probes: Iterable[VendorRecord]) -> str:
        """What is missing, as a sentence; empty if its health is 200 and it shows each probe's newest outcome."""
        health = await self._request("GET", "/health")
        if health is None or health.status_code != httpx.codes.OK:
            return f"health: {'no answer' if health is None else health.text}"
        for probe in probes:
            answer = await self._request("GET", f"{self._client}/vendors/{probe.vendor_id}")
            vendor = answer.json() if answer is not None and answer.is_success else {}
            newest = (vendor.get("outcomes") or [{}])[0].get("record_version")
            if newest != probe.version:
                return f"{probe.vendor_id}: it shows the outcome of version {newest}, not {probe.version}"
        return ""

    async def press(self, key: str) -> str | None:
        """Press the button. The same key again is the same press.

        Returns:
            The id of the run; None if the console did not accept the press.
        """
        answer = await self._request("POST", f"{self._client}/sync-runs", key=key)
        if answer is None or answer.status_code != httpx.codes.ACCEPTED:
            return None
        return str(answer.json()["run_id"])

    @property
    def _client(self) -> str:
        return f"/clients/{self._world.client_id}"

    async def _request(self, method: str, path: str, *, key: str | None = None) -> httpx.Response | None:
        """The answer; None if the console does not answer."""
        if not self._port.exists():
            return None
        token = self._issuer.token(self._world.client_id, exp=int(time.time()) + 600)
        headers = {"Authorization": f"Bearer {token}"} | ({} if key is None else {"Idempotency-Key": key})
        url = f"http://127.0.0.1:{self._port.read_text()}{path}"
        try:
            async with httpx.AsyncClient(timeout=patient(ANSWER_SECONDS)) as http:
                return await http.request(method, url, headers=headers)
        except httpx.TransportError:
            return None
