"""Every sentence that people see stands in one file, ready to be translated."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import bot.slack
from bot.slack import words

FOLDER = Path(bot.slack.__file__).parent
HEARD = {"asking.py", "followups.py", "smalltalk.py"}
"""What people say to us, rather than we to them."""
TO_MACHINES = {"health.py", "http.py"}
TO_THE_LOG = {"remedy", "failed", "self.gone"}
"""Names under which words are kept for the log."""
OF_PICTURES = {"DejaVu Sans", "upper left"}
SENTENCE = re.compile(r"[A-Za-z']{2,} [A-Za-z']{2,}")


def said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """String constants that aren't docstrings, words for the log, for an error or for a pattern."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        aside = called.startswith(("log.", "re.", "_words", "warnings."))
        kept = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in TO_THE_LOG
        if docstring or aside or kept or called.endswith("Error") or isinstance(node, ast.Raise):
            silent |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value


def test_no_sentence_for_people_stands_anywhere_else() -> None:
    found = [
        f"{path.name}:{line}: {text}"
        for path in sorted(FOLDER.rglob("*.py"))
        if path.name not in {*HEARD, *TO_MACHINES, "words.py"}
        for line, text in said(ast.parse(path.read_text(encoding="utf-8")))
        if SENTENCE.search(text) and text not in OF_PICTURES
    ]
    assert found == []


def test_this_would_find_one() -> None:
    tree = ast.parse(
        '"""A docstring of words."""\nlog.info("for the log only")\nsay("Something for people.")'
    )
    assert [text for _, text in said(tree) if SENTENCE.search(text)] == ["Something for people."]


def test_every_sentence_is_used() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in FOLDER.parent.rglob("*.py") if path.name != "words.py"
    )
    own = (FOLDER / "words.py").read_text(encoding="utf-8")
    names = [name for name in vars(words) if name.isupper()]
    unused = [
        name for name in names if f"words.{name}" not in sources and len(re.findall(rf"\b{name}\b", own)) < 2
    ]
    assert unused == []


def test_every_place_to_fill_in_has_a_name() -> None:
    """A translator may have to put them in another order."""
    for name, value in vars(words).items():
        if name.isupper() and isinstance(value, str):
            fields = [field for _, field, _, _ in string.Formatter().parse(value) if field is not None]
            assert all(fields), name
