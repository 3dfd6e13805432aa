"""Just enough of Markdown to hold the documents against the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))


def tables(text: str) -> list[list[dict[str, str]]]:
    """Every table as rows by the names of its columns."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        head, _, *rows = ([cell.strip() for cell in line.strip("|\n").split(" | ")] for line in block.splitlines())
        names = [name.strip("| ") for name in head]
        found.append([dict(zip(names, [cell.strip("| ") for cell in row], strict=True)) for row in rows])
    return found


def table(text: str, first_column: str, *, after: str = "") -> list[dict[str, str]]:
    """The first table with this first column behind the text ``after``."""
    behind = text[text.index(after) :]
    return next(rows for rows in tables(behind) if next(iter(rows[0])) == first_column)


def fenced(text: str, language: str) -> list[str]:
    """The contents of all fenced blocks in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def unquoted(cell: str) -> str:
    """A cell without its backticks."""
    return cell.strip("`")
