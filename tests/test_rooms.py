"""The linter's contracts are exhaustive: they name every room and forbid all that the design does not allow."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
ALLOWED: dict[str, set[str]] = {
    "schemas": set(),
    "accounting": {"schemas"},
    "messaging": {"schemas"},
    "producers": {"schemas", "messaging"},
    "processors": {"schemas", "messaging", "accounting"},
    "console": {"schemas", "messaging", "producers"},
    "devkit": {"schemas", "messaging", "accounting", "producers"},
}
"""What each room may import; ``cli`` may import all."""


def test_every_room_is_under_a_contract_that_forbids_whatever_is_not_allowed() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert set(linter["root_packages"]) == rooms == ALLOWED.keys() | {"cli"}
    forbidden = {
        contract["source_modules"][0]: set(contract["forbidden_modules"])
        for contract in linter["contracts"]
        if contract["type"] == "forbidden"
    }
    assert forbidden == {room: rooms - allowed - {room} for room, allowed in ALLOWED.items()}
