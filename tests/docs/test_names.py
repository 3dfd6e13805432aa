import re
from pathlib import Path

import pytest

from tests.docs.markdown import DOCUMENTS, ROOM_READMES, ROOT, name_of, prose

AHEAD = {
    "accounting/vantaca/http/": "accounting/vantaca/client.py",
    "accounting/vantaca/planning/": "accounting/vantaca/plan.py",
    "accounting/vantaca/reading/": "accounting/vantaca/reader.py",
    "cli/commands/": "cli/commands_run.py",
    "cli/processes/": "cli/worker_process.py",
    "cli/views/": "cli/run_view.py",
    "console/commands/": "console/presses.py",
    "console/http/": "console/api/problems.py",
    "console/pages/sentences/": "console/pages/words.py",
    "console/pages/views/": "console/pages/settings_page.py",
    "console/ports.py": "console/parts.py",
    "console/read_model/projection/": "console/read_model/projection.py",
    "console/read_model/queries/": "console/read_model/queries.py",
    "console/read_model/store/": "console/read_model/tables.py",
    "devkit/broker/engines/": "devkit/broker/local.py",
    "processors/events/": "processors/voice.py",
    "processors/expansion/": "processors/expanders.py",
    "processors/expansion/decisions.py": "processors/expansion.py",
    "processors/runtime/": "processors/worker.py",
    "processors/state/": "processors/vendor_table.py",
    "processors/transport/": "processors/strict_transport.py",
    "processors/transport/offset_ledger.py": "processors/offset_ledger.py",
    "processors/vendor_records/": "processors/vendor_records.py",
    "processors/vendor_records/decisions.py": "processors/vendor_change.py",
    "processors/vendor_sync/": "processors/vendor_syncing.py",
    "processors/vendor_sync/failure.py": "processors/failure.py",
    "processors/vendor_sync/pause_decisions.py": "processors/pause.py",
    "processors/vendor_sync/retry_policy.py": "processors/retry.py",
    "processors/vendor_sync/settlement.py": "processors/settlement.py",
    "schemas/errors.py": "schemas/codec.py",
    "schemas/records/": "schemas/outcome.py",
    "schemas/systems.py": "schemas/integration.py",
    "schemas/wire/": "schemas/codec.py",
}
"""Names that documents use already, and where what they name is until it has them. An entry goes with its move."""
ROOMS = "|".join(path.parent.name for path in ROOM_READMES)
FILE = re.compile(r"`((?:[a-z_]+/)+[a-z_]+\.[a-z]+)`")
FOLDER = re.compile(rf"`((?:{ROOMS}|docs)/(?:[a-z_]+/)*)`")


def is_there(named: str) -> bool:
    return (ROOT / named).exists() or (named in AHEAD and (ROOT / AHEAD[named]).exists())


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_file_and_folder_that_is_named_exists(path: Path) -> None:
    text = prose(path.read_text())
    assert [named for named in FILE.findall(text) + FOLDER.findall(text) if not is_there(named)] == []


def test_no_name_is_ahead_that_is_there() -> None:
    assert [named for named in AHEAD if (ROOT / named).exists()] == []
