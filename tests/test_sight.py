"""What may be told where: by the channel, and in direct messages by who asks."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from stand_ins import HashingEncoder

from bot import sight
from bot.knowledge.index import Index
from bot.records import WORKSPACE, ChannelSettings, Document, Passage, Question
from bot.store import Store, channels, documents, open_store, slack_sources


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def test_a_channel_is_told_what_the_workspace_knows_and_what_is_its_own_whoever_asks(store: Store) -> None:
    channels.note(store, "C1", public=True, outside=False)
    for kind in ("member", "guest", "external", "bot"):
        assert sight.scopes(store, "C1", kind, direct=False) == (WORKSPACE, "C1")  # type: ignore[arg-type]


def test_a_channel_with_people_from_elsewhere_is_told_its_own_alone_unless_its_people_open_it(
    store: Store,
) -> None:
    channels.note(store, "C1", public=True, outside=True)
    assert sight.scopes(store, "C1", "member", direct=False) == ("C1",)
    channels.configure(store, ChannelSettings("C1", workspace=True))
    assert sight.scopes(store, "C1", "external", direct=False) == (WORKSPACE, "C1")
    channels.configure(store, ChannelSettings("C1", workspace=False))
    channels.note(store, "C1", public=True, outside=False)
    assert sight.scopes(store, "C1", "member", direct=False) == ("C1",)


def test_in_a_direct_message_guests_see_what_was_taught_there_and_no_more(store: Store) -> None:
    assert sight.scopes(store, "D1", "member", direct=True) == (WORKSPACE, "D1")
    for kind in ("guest", "external", "bot"):
        assert sight.scopes(store, "D1", kind, direct=True) == ("D1",)  # type: ignore[arg-type]


def test_where_nothing_is_known_of_a_channel_the_workspaces_knowledge_is_told_to_its_own_people_alone(
    store: Store,
) -> None:
    channels.note(store, "C1", public=True)
    assert sight.scopes(store, "C1", "member", direct=False) == ("C1",)
    assert sight.scopes(store, "C1", "member", direct=False, alone=True) == (WORKSPACE, "C1")
    for kind in ("guest", "external", "bot"):
        assert sight.scopes(store, "C1", kind, direct=False, alone=True) == ("C1",)  # type: ignore[arg-type]
    channels.note(store, "C1", public=True, outside=True)
    assert sight.scopes(store, "C1", "member", direct=False, alone=True) == ("C1",)


def test_a_question_is_public_where_everybody_may_read_it_and_all_that_it_was_answered_from() -> None:
    asked = Question("message", "C1:1", "What?", "U1", channel="C1", scopes=(WORKSPACE, "C1"))
    assert sight.is_public(asked, {"C1"})
    assert not sight.is_public(asked, {"C2"})
    assert not sight.is_public(replace(asked, source="command"), {"C1"})
    assert not sight.is_public(replace(asked, scopes=(WORKSPACE, "C9")), {"C1"})
    assert not sight.is_public(replace(asked, channel="D1", scopes=(WORKSPACE,)), {"C1", "D1"})
    assert sight.is_public(Question("cli", "1", "What?", "cli"), set())


def learned(store: Store, channel: str, source: str, scope: str = WORKSPACE) -> int:
    passage = Passage(0, scope, source, "", f"The words of {source}.", 0, 0)
    new = Document(source, source, scope, "h", kind="slack")
    document_id = documents.replace(
        store, new, [passage], [HashingEncoder().encode([passage.text])[0].tobytes()]
    )
    slack_sources.note(store, document_id, channel, "1.0")
    return document_id


def test_what_was_learned_in_a_channel_that_is_made_private_is_found_only_there(store: Store) -> None:
    index = Index(store, HashingEncoder())
    channels.note(store, "C1", public=True, outside=False)
    channels.note(store, "C2", public=True, outside=False)
    kept, alone = learned(store, "C1", "kept words"), learned(store, "C1", "lonely words")
    slack_sources.note(store, kept, "C2", "2.0")
    lesson = Passage(0, WORKSPACE, "t", "", "Why?\nlonely words", 0, 0, question="Why?", evidence_id=None)
    evidence = documents.passages_of(store, alone)[0]
    documents.replace(
        store,
        Document("taught:1", "t", WORKSPACE, "h", kind="taught"),
        [replace(lesson, evidence_id=evidence.id)],
        [b""],
    )
    assert {each.passage.document_id for each in index.find("lonely words", (WORKSPACE,))} >= {kept, alone}

    channels.note(store, "C1", public=False)

    found = {each.passage.document_id for each in index.find("lonely words", (WORKSPACE,))}
    assert kept in found and alone not in found
    assert alone in {each.passage.document_id for each in index.find("lonely words", ("C1",))}
    (moved,) = documents.passages_of(store, alone)
    assert moved.scope == "C1" and moved.id != evidence.id
    (taught,) = documents.taught_everywhere(store)
    assert taught.evidence_id == moved.id, "what points to the passage goes along"


def test_a_channel_that_shares_no_more_takes_back_what_it_shared(store: Store) -> None:
    channels.note(store, "C1", public=True, outside=False)
    document_id = learned(store, "C1", "shared words")
    channels.configure(store, ChannelSettings("C1", shares=True))
    assert documents.passages_of(store, document_id)[0].scope == WORKSPACE
    channels.configure(store, ChannelSettings("C1", shares=False))
    assert documents.passages_of(store, document_id)[0].scope == "C1"


def test_only_this_module_says_which_scopes_a_place_sees() -> None:
    """Nobody else puts the workspace's scope together with others, or gives a question its scopes from elsewhere."""
    found = set()
    for path in sorted((Path(sight.__file__).parent).rglob("*.py")):
        if path.name in ("sight.py", "records.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            listed = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else []
            names = all(isinstance(each, ast.Constant) for each in listed)  # of settings, not of scopes
            if not names and any(map(_is_workspace, listed)):
                found.add((path.name, node.lineno, ast.unparse(node)))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("Question", "replace")):
                given = [each.value for each in node.keywords if each.arg == "scopes"]
                found |= {
                    (path.name, node.lineno, ast.unparse(each)) for each in given if not _from_sight(each)
                }
    assert found == set()


def _is_workspace(node: ast.AST) -> bool:
    return ast.unparse(node) in ("WORKSPACE", "records.WORKSPACE", "'workspace'")


def _from_sight(node: ast.AST) -> bool:
    """An empty tuple, what `sight` or a room's places say, or those of another question."""
    if isinstance(node, ast.IfExp):
        return _from_sight(node.body) and _from_sight(node.orelse)
    said = ast.unparse(node)
    return said in ("()", "sight.ON_THE_MACHINE") or said.startswith(
        ("sight.scopes(", "self._room.places.scopes(")
    )
