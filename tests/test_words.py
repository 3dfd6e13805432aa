"""Names that were replaced do not come back: not in identifiers, not in docstrings."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def lines_of(name: str) -> list[str]:
    text = (Path(__file__).parent / name).read_text()
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


REFUSED = dict(line.split(" -> ") for line in lines_of("refused_words.txt"))
PUBLIC = set(lines_of("public_names.txt"))
MODULES = [
    name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).exists()
]


def _words(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every identifier, and every word of a docstring, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield node.lineno, name
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                for alias in names:
                    yield from ((node.lineno, name) for name in (alias.asname or alias.name).split("."))
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield from ((node.lineno, word) for word in re.findall(r"\w+", text) if word.lower() not in _ENGLISH)


_ENGLISH = {
    "later",
    "ready",
    "asked",
    "wanted",
    "said",
    "put",
    "place",
    "press",
    "handled",
    "pending",
    "delivery",
    "letters",
    "turn",
}
"""Words that may begin a sentence of a docstring; as identifiers they are refused too."""


def test_no_replaced_name_comes_back() -> None:
    found = [
        f"{module}:{line}: {word} is now {REFUSED[word]}"
        for module in MODULES
        for line, word in sorted(_words(ast.parse((ROOT / module).read_text())))
        if word in REFUSED and word not in PUBLIC
    ]
    assert not found, "\n".join(found)


def test_a_word_in_an_identifier_and_in_a_docstring_is_found() -> None:
    source = 'def f(ToPut, a=g(Stack=1)):\n    """Speak with Tenants."""\n    return x.GivenBroker\n'
    assert {word for _, word in _words(ast.parse(source))} >= {"ToPut", "Stack", "Tenants", "GivenBroker"}
