"""A worker with an accounting system that never answers: ``python -m tests.support.hanging_worker block|wait``, not ``-m cli``.

``block``: it waits without letting the event loop go on. ``wait``: it waits as it should, past every time limit.
"""

import asyncio
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from accounting.credentials import CredentialsFolder
from accounting.port import AccountingSystem, Observed
from accounting.vantaca.adapter import Vantaca
from cli import main
from cli.processes import worker_process
from processors.clock import Clock
from schemas.records.integration import Integration
from schemas.systems import VANTACA

HOW = sys.argv[1]


class Hanging(Vantaca):
    async def observe_all(self, integration: Integration) -> Mapping[str, Observed]:
        if HOW == "block":
            threading.Event().wait()
        await asyncio.Event().wait()
        return await super().observe_all(integration)


def hanging_systems(credentials: Path, clock: Clock) -> Mapping[str, AccountingSystem]:
    return {VANTACA: Hanging(CredentialsFolder(credentials), now=clock.now)}


if __name__ == "__main__":
    worker_process.accounting_systems = hanging_systems
    sys.argv[1:] = ["worker"]
    main.main()
