"""Just enough of Markdown to hold the documents against the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs/reference"
ROOM_READMES = sorted(ROOT.glob("[a-z]*/README.md"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *ROOM_READMES]
"""Every document of the repository: those at the top, below ``docs/``, and the README of each room."""

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    """A document's name from the root of the repository."""
    return str(path.relative_to(ROOT))


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return _FENCED.sub("", text)


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


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings: lower case, hyphens for spaces, a number for a heading that comes again."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+?)\s*#*$", prose(text), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        known = [slug, *(f"{slug}-{number}" for number in range(1, len(found) + 1))]
        found.add(next(anchor for anchor in known if anchor not in found))
    return found


def links(text: str) -> list[str]:
    """The targets of all links."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))


def broken_links(path: Path, text: str) -> list[str]:
    """The links in this text of the document ``path`` that lead to no file of the repository, or to no heading of it."""
    return [target for target in links(text) if not _leads_somewhere(path, target)]


def _leads_somewhere(path: Path, target: str) -> bool:
    if "://" in target:
        return True
    file, _, anchor = target.partition("#")
    document = (path.parent / file) if file else path
    return document.exists() and (not anchor or anchor in anchors(document.read_text()))
