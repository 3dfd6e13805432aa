from pathlib import Path

import pytest

from tests.docs.markdown import DOCUMENTS, README, anchors, broken_links, links, name_of


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(path: Path) -> None:
    assert broken_links(path, path.read_text()) == []


def test_a_link_to_no_file_or_no_heading_is_found() -> None:
    text = "[a](docs/none.md) [b](README.md#no-such-heading) [c](#none) [d](README.md) [e](https://example.org/#x)"
    assert broken_links(README, text) == ["docs/none.md", "README.md#no-such-heading", "#none"]


def test_anchors_are_those_of_github() -> None:
    text = "# When is a run `done`?\n```\n# no heading\n```\n## Who may\n## Who may\n## [A link](x.md), and more\n"
    assert anchors(text) == {"when-is-a-run-done", "who-may", "who-may-1", "a-link-and-more"}


def test_every_document_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [README]
    while waiting:
        document = waiting.pop()
        reached.add(document)
        targets = {(document.parent / target.partition("#")[0]).resolve() for target in links(document.read_text())}
        waiting += (targets & set(DOCUMENTS)) - reached
    assert [name_of(path) for path in DOCUMENTS if path not in reached] == []
