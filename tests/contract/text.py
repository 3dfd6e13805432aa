"""The text of the contract."""

from pathlib import Path
from typing import Final

from tests.contract import facts
from tests.contract.tree import Tree

ROOT: Final = Path(__file__).parents[2]
PATH: Final = ROOT / "docs/reference/contract.txt"
HEAD: Final = "# Public names, one fact a line. Written by `make contract`; do not edit."


def contract_of(tree: Tree) -> str:
    """The whole text. Equal surfaces have equal texts, on whatever machine."""
    declared = tree.declared()
    settings = declared["settings"]
    lines = [
        HEAD,
        *facts.command_facts(declared["commands"]),
        *facts.setting_facts(settings, home=str(Path.home())),
        *facts.variable_facts(name for name in tree.variables() if name not in settings),
        *facts.topic_facts(declared["topics"]),
        *facts.avro_facts(tree.avro_schemas()),
        *facts.http_facts(tree.description()),
    ]
    return "".join(f"{line}\n" for line in lines)
