"""What a document learned from Slack stands on is found by message and by file, and goes with the document."""

from __future__ import annotations

import pytest

from bot.records import Document
from bot.store import documents, open_store, slack_sources


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "lorebot.db")
    yield store
    store.close()


def learned(store, source, scope="C1"):
    new = Document(source=source, title="A title", scope=scope, sha256="0", kind="slack")
    return documents.replace(store, new, [], [])


def test_a_document_is_found_by_each_message_and_file_it_stands_on(store):
    thread, file = learned(store, "slack:C1:1.0"), learned(store, "slack:file:F1")
    slack_sources.note(store, thread, "C1", "1.0", person="U1")
    slack_sources.note(store, thread, "C1", "2.0", person="U2")
    slack_sources.note(store, file, "C1", "3.0", "F1")
    assert [each.id for each in slack_sources.documents_of(store, "C1", "2.0")] == [thread]
    assert slack_sources.documents_of(store, "C2", "2.0") == []
    assert [each.id for each in slack_sources.documents_of_file(store, "F1")] == [file]
    assert slack_sources.documents_of_file(store, "") == []
    assert [each.id for each in slack_sources.documents_from(store, "C1")] == [thread, file]


def test_noting_twice_keeps_one_row_and_removing_the_document_keeps_none(store):
    file = learned(store, "slack:file:F1")
    for _ in range(2):
        slack_sources.note(store, file, "C1", "3.0", "F1")
    assert len(store.rows("SELECT * FROM slack_sources")) == 1
    documents.remove(store, [file])
    assert store.rows("SELECT * FROM slack_sources") == []
