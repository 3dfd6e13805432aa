"""Writes the contract: every public name of a checkout with its type, one fact a line.

    python -m tests.contract [--tree FOLDER] [--output FILE]

Two revisions with the same text have the same commands and options, settings, topics, Avro records and HTTP interface.
Prose (help, descriptions, documentation of fields) is no part of it, nor are the names of modules and classes.
"""

import argparse
import sys
from pathlib import Path

from tests.contract.text import ROOT, contract_of
from tests.contract.tree import Tree, TreeError


def main() -> None:
    """Print the contract, or write it to a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description="Write the contract of a checkout.")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout; this one by default")
    parser.add_argument("--output", type=Path, help="the file to write; standard output by default")
    arguments = parser.parse_args()
    try:
        text = contract_of(Tree(arguments.tree))
    except TreeError as error:
        sys.exit(str(error))
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        arguments.output.write_text(text)


if __name__ == "__main__":
    main()
