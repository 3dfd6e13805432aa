"""Errors of ``vive-sync rebuild-read-model``."""

import json
from pathlib import Path

import pytest

from cli.commands.read_model import rebuild_read_model


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://dana:hunter2@127.0.0.1/x", "must be SQLite or PostgreSQL, not mysql"),
        ("postgresql://dana:hunter2@127.0.0.1:1/x", "can't be used (OperationalError)"),
    ],
)
def test_a_database_that_can_not_be_used_is_reported_without_its_password(
    url: str, why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("VIVE_SYNC_READ_MODEL", url)
    monkeypatch.setenv("VIVE_SYNC_DATA_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        rebuild_read_model(as_json=True)
    assert ended.value.code == 1
    message = json.loads(capsys.readouterr().out)["error"]
    assert why in message
    assert "VIVE_SYNC_READ_MODEL" in message
    assert "hunter2" not in message
