"""Files that somebody sent: learned once, refused where they are suspect, converted where they can do no harm."""

from __future__ import annotations

import io
import random
import sys
import time
import zipfile
from dataclasses import replace

import docx
import pytest
from stand_ins import HashingEncoder

from bot.errors import DocumentError
from bot.knowledge import apart
from bot.knowledge.apart import to_text_apart
from bot.knowledge.shared_files import SharedFile, keep_file
from bot.knowledge.suspect import DANGEROUS, refuse_suspect
from bot.reading.encoder import InSlices
from bot.records import WORKSPACE
from bot.store import documents, open_store, slack_sources

LEAVE = b"# Annual leave\n\nYou get 28 days of leave each year.\n"


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "lorebot.db")
    yield store
    store.close()


def shared(data=LEAVE, name="leave.md", **more):
    fields = {"id": "F1", "scope": "C1", "channel": "C1", "ts": "1.0", "person": "U1", "link": "https://s/F1"}
    return SharedFile(name=name, data=data, **{**fields, **more})


def keep(store, file):
    return keep_file(store, HashingEncoder(), file, max_file_mb=1)


def zipped(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        for name, data in members.items():
            package.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return packed.getvalue()


def word_file(*extra):
    made = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("You get 28 days of leave.")
    document.save(made)
    with zipfile.ZipFile(made, "a") as package:
        for name in extra:
            package.writestr(name, b"x")
    return made.getvalue()


def test_a_file_becomes_a_document_with_its_link_its_person_and_the_message_it_stands_on(store):
    kept = keep(store, shared())
    assert (kept.outcome, kept.title, kept.passages) == ("learned", "Annual leave", 1)
    (document,) = documents.documents(store)
    assert (document.source, document.kind, document.scope) == ("slack:file:F1", "slack", "C1")
    assert (document.link, document.person) == ("https://s/F1", "U1")
    assert slack_sources.documents_of(store, "C1", "1.0") == [document]
    assert slack_sources.documents_of_file(store, "F1") == [document]


def test_the_same_file_again_is_not_doubled_and_stands_on_both_messages(store):
    keep(store, shared(scope=WORKSPACE))
    again = keep(store, shared(scope=WORKSPACE, channel="C2", ts="2.0"))
    assert again.outcome == "unchanged"
    assert again.passages == 1
    (document,) = documents.documents(store)
    assert slack_sources.documents_of(store, "C1", "1.0") == [document]
    assert slack_sources.documents_of(store, "C2", "2.0") == [document]


def test_a_changed_file_takes_the_place_of_what_it_said_before(store):
    keep(store, shared())
    assert keep(store, shared(LEAVE.replace(b"28", b"30"))).outcome == "replaced"
    (document,) = documents.documents(store)
    assert [p.text for p in documents.passages_of(store, document.id)] == [
        "# Annual leave\n\nYou get 30 days of leave each year."
    ]


def test_a_canvas_is_called_as_slack_calls_it(store):
    assert keep(store, replace(shared(), title="Team rules")).title == "Team rules"


@pytest.mark.parametrize("kind", sorted(DANGEROUS))
def test_dangerous_kinds_are_refused_whatever_is_in_them(kind):
    with pytest.raises(DocumentError, match="malware"):
        refuse_suspect(f"Leave{kind.upper()}", LEAVE)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("leave.md", b"MZ\x90\x00" + LEAVE, "a Windows program inside"),
        ("leave.txt", b"\x7fELF" + LEAVE, "a Linux program inside"),
        ("leave.csv", zipped(a=b"x"), "a ZIP archive inside"),
        ("leave.html", b"%PDF-1.7 x", "a PDF inside"),
        ("leave.zip", zipped(a_dot_md=LEAVE), "an archive"),
        ("leave.tar.gz", b"\x1f\x8b", "an archive"),
        ("leave.docx", zipped(inner_dot_zip=b"x"), "a ZIP archive inside; expected DOCX"),
        (
            "leave.pdf",
            b"%PDF-1.7 << /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>",
            "active content",
        ),
        ("leave.pdf", b"%PDF-1.7 << /S /Launch /F (cmd.exe) >>", "active content"),
    ],
)
def test_what_is_not_what_its_name_says_or_would_do_something_is_refused(name, data, why):
    with pytest.raises(DocumentError, match=why) as raised:
        refuse_suspect(name, data)
    assert "\n" not in str(raised.value)
    assert "expected" in str(raised.value)


def test_a_large_pdf_is_not_refused_for_what_its_pictures_happen_to_hold():
    noise = random.Random(1).randbytes(20_000_000)
    refuse_suspect("leave.pdf", b"%PDF-1.7\n" + noise)


def test_office_files_with_macros_or_with_programs_and_archives_inside_are_refused():
    refuse_suspect("leave.docx", word_file())
    for inside in ("word/vbaProject.bin", "word/embeddings/run.exe", "word/embeddings/more.zip"):
        with pytest.raises(DocumentError, match=r"expected a (plain )?document"):
            refuse_suspect("leave.docx", word_file(inside))


def test_an_office_file_is_converted_in_a_process_that_knows_no_token(monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    seen = {}
    run = apart.subprocess.run

    def spy(command, **more):
        seen.update(more["env"])
        return run(command, **more)

    monkeypatch.setattr(apart.subprocess, "run", spy)
    assert "28 days" in to_text_apart("leave.docx", word_file(), max_file_mb=1).text
    assert "SLACK_BOT_TOKEN" not in seen
    assert "PATH" in seen


def test_a_reason_comes_back_from_the_other_process_as_it_is():
    with pytest.raises(DocumentError, match="it is encrypted; expected a DOCX without a password"):
        to_text_apart(
            "leave.docx",
            bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"),
            max_file_mb=1,
        )


def test_a_file_that_hangs_or_kills_its_converter_costs_a_line_and_no_more(monkeypatch, tmp_path):
    slow, dead = tmp_path / "slow", tmp_path / "dead"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    dead.write_text("#!/bin/sh\nkill -9 $$\n")
    for script in (slow, dead):
        script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    began = time.monotonic()
    with pytest.raises(DocumentError, match=r"more than 0\.5 seconds"):
        to_text_apart("leave.docx", word_file(), max_file_mb=1, seconds=0.5)
    assert time.monotonic() - began < 20
    monkeypatch.setattr(sys, "executable", str(dead))
    with pytest.raises(DocumentError, match="reading it failed"):
        to_text_apart("leave.docx", word_file(), max_file_mb=1)


def test_an_encoder_in_slices_says_the_same_and_lets_others_in_between():
    texts, plain, sizes = [f"text {i}" for i in range(20)], HashingEncoder(), []
    encode = plain.encode
    plain.encode = lambda some: sizes.append(len(some)) or encode(some)  # type: ignore[method-assign]
    assert (InSlices(plain).encode(texts) == encode(texts)).all()
    assert max(sizes) <= InSlices.SLICE
    assert InSlices(plain).encode([]).shape == (0, plain.dimension)
