"""A Slack export is learned as live history would have been: public for all, private for its channel, direct messages never."""

from __future__ import annotations

import json
import os
import time
import zipfile
from pathlib import Path

import pytest
from slack_exports import DAYS, Export, asked, message, ts
from stand_ins import HashingEncoder

from bot.errors import DocumentError
from bot.knowledge import archive, heard
from bot.knowledge.accepted import Accepted
from bot.knowledge.archive import is_export
from bot.knowledge.export import ExportReport, learn_export
from bot.records import WORKSPACE, ChannelSettings
from bot.store import Store, channels, documents, open_store, slack_sources

BADGE = asked("How do I reset my badge?", "Hold it to the reader")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "state" / "lorebot.db")


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    return tmp_path / "export.zip"


def learned(store: Store, path: Path, **more: object) -> ExportReport:
    return learn_export(store, HashingEncoder(), path, **more)  # type: ignore[arg-type]


def texts(store: Store, scope: str | None = None) -> list[str]:
    return [
        passage.text
        for each in documents.documents(store, scope)
        for passage in documents.passages_of(store, each.id or 0)
    ]


def test_questions_with_accepted_answers_are_learned_and_unanswered_ones_are_not(
    store: Store, zipped: Path
) -> None:
    chat = [
        *BADGE,
        *asked("Where is the old printer?", "No idea", 100, last="ok"),
        message("U2", "Lunch at noon, who joins?", 200),
    ]
    report = learned(store, Export(days={("general", DAYS[0]): chat}).packed(zipped))
    assert texts(store) == ["How do I reset my badge?\nHold it to the reader"]
    assert (report.channels, report.messages, report.answered, report.learned) == (1, 7, 1, 1)
    (document,) = documents.documents(store)
    assert (document.source, document.scope, document.person) == (f"slack:C1:{ts(0)}", WORKSPACE, "U2")


def test_a_thread_goes_on_over_days(store: Store, zipped: Path) -> None:
    days = {("general", DAYS[i]): [{**each, "ts": ts(0, i)}] for i, each in enumerate(BADGE)}
    learned(store, Export(days=days).packed(zipped))
    assert texts(store) == ["How do I reset my badge?\nHold it to the reader"]


def test_what_is_private_is_found_in_its_channel_only_and_direct_messages_are_never_read(
    store: Store, zipped: Path
) -> None:
    export = Export(
        private={"board": "G1"},
        direct=["D1"],
        groups={"mpdm-alice--ben-1": "G2"},
        days={
            (folder, DAYS[0]): asked(f"How do I reset the badge of {folder}?", f"Ask {folder}")
            for folder in ("general", "board", "D1", "mpdm-alice--ben-1", "unlisted")
        },
    )
    report = learned(store, export.packed(zipped))
    assert texts(store, WORKSPACE) == ["How do I reset the badge of general?\nAsk general"]
    assert texts(store, "G1") == ["How do I reset the badge of board?\nAsk board"]
    assert len(texts(store)) == 2
    assert (report.channels, report.private, report.left_out) == (2, 1, 3)


@pytest.mark.parametrize("flag", ["is_im", "is_mpim"])
def test_what_is_direct_is_not_read_wherever_it_is_listed(store: Store, zipped: Path, flag: str) -> None:
    members = Export(days={("general", DAYS[0]): BADGE}).members()
    members["channels.json"][0][flag] = True
    pack(zipped, members)
    assert learned(store, zipped).channels == 0
    assert texts(store) == []


def test_a_channel_that_two_lists_name_has_the_narrower_scope(store: Store, zipped: Path) -> None:
    export = Export(private={"general": "C1"}, days={("general", DAYS[0]): BADGE})
    learned(store, export.packed(zipped))
    assert [each.scope for each in documents.documents(store)] == ["C1"]


def test_a_channel_that_was_made_private_since_or_does_not_share_keeps_its_own(
    store: Store, zipped: Path
) -> None:
    names = {"general": "C1", "secret": "C2", "shy": "C3"}
    channels.note(store, "C2", public=False)
    channels.configure(store, ChannelSettings("C3", shares=False))
    days = {(name, DAYS[0]): BADGE for name in names}
    learned(store, Export(public=names, days=days).packed(zipped))
    assert sorted(each.scope for each in documents.documents(store)) == ["C2", "C3", WORKSPACE]


def test_a_scope_that_is_given_counts_for_public_channels(store: Store, zipped: Path) -> None:
    export = Export(private={"board": "G1"}, days={(name, DAYS[0]): BADGE for name in ("general", "board")})
    learned(store, export.packed(zipped), scope="C9")
    assert sorted(each.scope for each in documents.documents(store)) == ["C9", "G1"]


def test_pinned_messages_are_learned_by_either_mark_and_an_answered_one_is_a_pair(
    store: Store, zipped: Path
) -> None:
    chat = [
        message("U1", "The wifi password hangs in the kitchen, ask <@U2>.", 300),
        message("U2", "Badges are renewed in June.", 310, pinned_to=["C1"]),
        message("U2", "Pinned elsewhere", 320, pinned_to=["C7"]),
        *BADGE,
    ]
    export = Export(days={("general", DAYS[0]): chat}, pins={"general": [ts(300), ts(0)]})
    report = learned(store, export.packed(zipped))
    assert sorted(texts(store)) == [
        "Badges are renewed in June.",
        "How do I reset my badge?\nHold it to the reader",
        "The wifi password hangs in the kitchen, ask @Ben B.",
    ]
    assert (report.answered, report.pinned, report.learned) == (1, 2, 3)


def test_the_same_archive_twice_doubles_nothing_and_a_newer_one_replaces(store: Store, zipped: Path) -> None:
    export = Export(days={("general", DAYS[0]): BADGE})
    learned(store, export.packed(zipped))
    before = documents.state(store)
    assert learned(store, zipped).unchanged == 1
    assert documents.state(store) == before
    export.days["general", DAYS[0]] = asked("How do I reset my badge?", "Ask the front desk")
    export.days["general", DAYS[1]] = [message("U2", "Good morning", 0, day=1)]
    assert learned(store, export.packed(zipped)).replaced == 1
    assert texts(store) == ["How do I reset my badge?\nAsk the front desk"]


def test_what_live_history_heard_later_stays_whatever_an_older_archive_says(
    store: Store, zipped: Path
) -> None:
    pair = Accepted("How do I reset my badge?", "Press reset", "U1", "U2", ts(0), (ts(10),))
    heard.keep(store, HashingEncoder(), [heard.of_pair(pair, channel="C1", scope=WORKSPACE)])
    report = learned(store, Export(days={("general", DAYS[0]): BADGE}).packed(zipped), prune=True)
    assert (report.unchanged, report.pruned) == (1, 0)
    assert texts(store) == ["How do I reset my badge?\nPress reset"]


def test_prune_drops_what_the_archive_no_longer_answers_and_nothing_beyond_its_time(
    store: Store, zipped: Path
) -> None:
    old = asked("Where is the old printer?", "In the cellar", 100)
    export = Export(days={("general", DAYS[0]): [*BADGE, *old]})
    learned(store, export.packed(zipped))
    later = Accepted("Who has the car keys?", "Eva", "U1", "U3", f"{time.time():.6f}", ("9.9",))
    heard.keep(store, HashingEncoder(), [heard.of_pair(later, channel="C1", scope=WORKSPACE)])
    export.days = {("general", DAYS[0]): BADGE, ("general", DAYS[1]): []}
    assert learned(store, export.packed(zipped)).pruned == 0
    assert learned(store, zipped, prune=True).pruned == 1
    assert len(texts(store)) == 2
    assert not any("printer" in text for text in texts(store))


def test_links_lead_to_the_message_where_the_workspace_is_named_else_to_the_channel(
    store: Store, zipped: Path
) -> None:
    export = Export(days={("general", DAYS[0]): BADGE}).packed(zipped)
    learned(store, export)
    assert documents.documents(store)[0].link == "https://slack.com/app_redirect?team=T1&channel=C1"
    learned(store, export, link_base="https://acme.slack.com/archives/")
    assert (
        documents.documents(store)[0].link == f"https://acme.slack.com/archives/C1/p{ts(0).replace('.', '')}"
    )
    learned(store, export, link_base="https://wiki.example/handbook/")
    assert documents.documents(store)[0].link == "https://slack.com/app_redirect?team=T1&channel=C1"


@pytest.mark.parametrize("more", [{"is_restricted": True}, {"is_stranger": True}, {"team_id": "T2"}, None])
def test_what_guests_and_people_from_elsewhere_say_stays_in_its_channel(
    store: Store, zipped: Path, more: dict[str, object] | None
) -> None:
    export = Export(days={("general", DAYS[0]): BADGE})
    export.people.append({"id": "U3", "team_id": "T1"})
    if more is None:
        del export.people[1]  # nobody whom the export knows
    else:
        export.people[1] |= more
    learned(store, export.packed(zipped))
    assert [each.scope for each in documents.documents(store)] == ["C1"]


def test_what_bots_say_is_not_learned(store: Store, zipped: Path) -> None:
    thread = asked("How do I reset my badge?", "Hold it to the reader")
    thread[1]["user"] = "UBOT"
    pinned = message("UBOT", "I am a robot", 50, pinned_to=["C1"])
    learned(store, Export(days={("general", DAYS[0]): [*thread, pinned]}).packed(zipped))
    assert texts(store) == []


def test_messages_that_were_deleted_are_not_learned_from_their_traces(store: Store, zipped: Path) -> None:
    deleted = {"type": "message", "subtype": "message_deleted", "ts": ts(0), "original": BADGE[0]}
    tomb = {**BADGE[0], "subtype": "tombstone", "text": "This message was deleted."}
    learned(store, Export(days={("general", DAYS[0]): [deleted, tomb, *BADGE[1:]]}).packed(zipped))
    assert texts(store) == []


def test_an_archive_in_a_folder_of_its_own_and_an_unpacked_one_are_read_alike(
    store: Store, zipped: Path, tmp_path: Path
) -> None:
    export = Export(days={("general", DAYS[0]): BADGE})
    assert learned(store, export.packed(zipped, top="Acme Slack export/")).learned == 1
    folder = export.unpacked(tmp_path / "unpacked")
    assert is_export(folder)
    assert learned(store, folder).unchanged == 1


def test_links_in_an_unpacked_archive_are_not_followed(store: Store, tmp_path: Path) -> None:
    folder = Export().unpacked(tmp_path / "unpacked")
    other = tmp_path / "outside.json"
    other.write_text(json.dumps(BADGE))
    (folder / "general").mkdir()
    os.symlink(other, folder / "general" / f"{DAYS[0]}.json")
    assert learned(store, folder).messages == 0


def test_names_that_climb_out_of_the_archive_lead_nowhere(store: Store, zipped: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / f"{DAYS[0]}.json").write_text(json.dumps(BADGE))
    export = Export(public={"../secret": "C1", str(tmp_path / "secret"): "C2"})
    export.days = {("../secret", DAYS[1]): BADGE}
    report = learned(store, export.packed(zipped))
    assert (report.messages, texts(store)) == (0, [])
    assert list(tmp_path.glob("**/*.json")) == [tmp_path / "secret" / f"{DAYS[0]}.json"]


def test_a_damaged_day_is_named_and_the_rest_is_learned(store: Store, zipped: Path) -> None:
    members = Export(days={("general", DAYS[0]): BADGE, ("general", DAYS[1]): []}).members()
    pack(zipped, members, raw={f"general/{DAYS[1]}.json": b'[{"ts": '})
    report = learned(store, zipped)
    assert report.learned == 1
    ((member, why),) = report.failed
    assert member == f"general/{DAYS[1]}.json"
    assert "is no JSON; expected a list" in why


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a": 1}', b"[1, null, [], {}]", b"\xff\xfe"])
def test_strange_content_stops_nothing(store: Store, zipped: Path, content: bytes) -> None:
    members = Export(days={("general", DAYS[0]): BADGE}).members()
    pack(zipped, members, raw={f"general/{DAYS[1]}.json": content})
    assert learned(store, zipped).learned == 1


def test_something_else_than_an_export_is_refused_in_one_line(store: Store, tmp_path: Path) -> None:
    other = tmp_path / "photos.zip"
    with zipfile.ZipFile(other, "w") as package:
        package.writestr("cat.txt", "miaow")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(Export().packed(tmp_path / "whole.zip").read_bytes()[:-40])
    for path, found in ((other, "there is no channels.json"), (broken, "no ZIP that can be read")):
        with pytest.raises(DocumentError, match=found) as refused:
            learned(store, path)
        assert "expected a Slack export" in str(refused.value)
        assert "\n" not in str(refused.value)
    with pytest.raises(DocumentError, match="No such file"):
        learned(store, tmp_path / "none.zip")


def test_a_bomb_is_refused_before_it_is_unpacked(
    store: Store, zipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = Export(days={("general", DAYS[0]): BADGE}).members()
    pack(zipped, members, raw={f"general/{DAYS[1]}.json": b"[" + b" " * 3_000_000 + b"]"})
    monkeypatch.setattr(archive, "BOMB_MB", 1)
    with pytest.raises(DocumentError, match=r"unpacks to 3 MB, \d+ times its size"):
        learned(store, zipped)
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MEMBER_MB", 1)
    report = learned(store, zipped)
    assert "unpacks to 3 MB; expected at most 1" in report.failed[0][1]
    assert report.learned == 1


def test_a_member_that_lies_about_its_size_is_not_read_beyond_the_limit(
    store: Store, zipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MEMBER_MB", 1)
    members = Export(days={("general", DAYS[0]): BADGE}).members()
    pack(zipped, members, raw={f"general/{DAYS[1]}.json": b"[" + b" " * 3_000_000 + b"]"})
    data = zipped.read_bytes()
    small, true = (1000).to_bytes(4, "little"), (3_000_002).to_bytes(4, "little")
    assert data.count(true) == 2  # the member's own header, and the directory's entry
    zipped.write_bytes(data.replace(true, small))
    report = learned(store, zipped)
    assert report.learned == 1
    assert report.failed[0][0] == f"general/{DAYS[1]}.json"


def test_an_encrypted_archive_is_refused(store: Store, zipped: Path) -> None:
    Export().packed(zipped)
    data = bytearray(zipped.read_bytes())
    at = data.index(b"PK\x01\x02") + 8
    data[at] |= 1
    zipped.write_bytes(data)
    with pytest.raises(DocumentError, match="it is encrypted"):
        learned(store, zipped)


def test_progress_is_told_in_days_of_channels(store: Store, zipped: Path) -> None:
    told: list[tuple[int, int, str]] = []
    names = {"general": "C1", "random": "C2"}
    days = {(name, day): [] for name in names for day in DAYS}
    learned(store, Export(public=names, days=days).packed(zipped), progress=lambda *at: told.append(at))
    assert told == [(0, 6, "#general"), (3, 6, "#random"), (6, 6, "")]


def test_every_message_of_an_answer_is_noted_with_its_writer(store: Store, zipped: Path) -> None:
    learned(store, Export(days={("general", DAYS[0]): BADGE}).packed(zipped))
    (document,) = slack_sources.documents_of(store, "C1", ts(10))
    rows = store.rows("SELECT ts, person FROM slack_sources WHERE document_id = ? ORDER BY ts", [document.id])
    assert [(row["ts"], row["person"]) for row in rows] == [(ts(0), "U1"), (ts(10), "U2")]


def pack(path: Path, members: dict[str, object], raw: dict[str, bytes] | None = None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            if name not in (raw or {}):
                package.writestr(name, json.dumps(content))
        for name, data in (raw or {}).items():
            package.writestr(name, data)
