import re
from pathlib import Path

import pytest

from tests.docs.markdown import DOCUMENTS, ROOM_READMES, ROOT, name_of, prose

ROOMS = "|".join(path.parent.name for path in ROOM_READMES)
FILE = re.compile(r"`((?:[a-z_]+/)+[a-z_]+\.[a-z]+)`")
FOLDER = re.compile(rf"`((?:{ROOMS}|docs)/(?:[a-z_]+/)*)`")


def is_there(named: str) -> bool:
    return (ROOT / named).exists()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_file_and_folder_that_is_named_exists(path: Path) -> None:
    text = prose(path.read_text())
    assert [named for named in FILE.findall(text) + FOLDER.findall(text) if not is_there(named)] == []
