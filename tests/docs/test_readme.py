import re

from schemas.topics import ALL
from tests.docs.markdown import README, ROOM_READMES, ROOT, fenced, table, unquoted
from tests.test_rooms import ALLOWED

TEXT = README.read_text()
MAX_WORDS = 1000
MAX_LINES = 10
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py")}


def test_it_is_short() -> None:
    assert len(TEXT.split()) <= MAX_WORDS


def test_the_picture_has_every_topic_but_the_internal_changelog() -> None:
    (picture,) = fenced(TEXT, "mermaid")
    assert set(re.findall(r"\bvive\.[a-z-]+", picture)) == {
        topic.name for topic in ALL if topic.name.startswith("vive.")
    }


def test_every_room_is_told() -> None:
    documented = {unquoted(re.sub(r"^\[(.*)\]\(.*\)$", r"\1", row["Room"])) for row in table(TEXT, "Room")}
    assert documented == {f"{path.parent.name}/" for path in ROOM_READMES} | {"docs/"}


def test_every_room_has_a_short_readme() -> None:
    rooms = {path.parent.name for path in ROOM_READMES}
    assert rooms >= ROOMS
    for path in ROOM_READMES:
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        assert len(lines) <= MAX_LINES, path


def test_the_readme_of_a_room_says_what_it_may_import() -> None:
    for room, allowed in ALLOWED.items():
        (line,) = re.findall(r"^May import: (.*)$", (ROOT / room / "README.md").read_text(), re.MULTILINE)
        documented = set(re.findall(r"`(\w+)`", line))
        assert documented & ROOMS == allowed, room
