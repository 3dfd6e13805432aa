"""The JSON of ``vive-sync broker``."""

import json
import os
import signal
import subprocess
import sys

from tests.support.slowness import patient


def test_the_reason_for_another_kind_of_broker_is_not_printed_before_the_json() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "VIVE_SYNC_KAFKA"}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "broker", "--json"],
        env=environ | {"DOCKER_HOST": "tcp://192.0.2.1:2375"},
        stdout=subprocess.PIPE,
        text=True,
    ) as broker:
        assert broker.stdout is not None
        try:
            first = broker.stdout.readline()
        finally:
            broker.send_signal(signal.SIGTERM)
            broker.wait(patient(60))
    assert json.loads(first)["kind"] == "local"
