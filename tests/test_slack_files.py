"""Files and canvases: learned where they belong, and the token never leaves Slack."""

from __future__ import annotations

import pytest
from slack_past import BOB, Past, elsewhere, scene
from slack_sdk import WebClient
from slack_stage import ALICE, BOT, CHANNEL, DIRECT, event, texts, until
from test_knowledge_shared_files import word_file

from bot.errors import DocumentError
from bot.records import WORKSPACE
from bot.slack.learning import files
from bot.slack.learning import live as learning
from bot.store import channels, claims, documents

LEAVE = b"# Annual leave\n\nYou get 28 days of leave each year.\n"
PRIVATE = "C0SECRET"


@pytest.fixture
def on(tmp_path):
    with scene(tmp_path) as made:
        yield made


@pytest.fixture
def slack():
    made = Past()
    yield made
    made.close()


def client(slack):
    return WebClient(token="xoxb-1", base_url=slack.url)


# Where


def test_a_file_dropped_in_a_learning_channel_is_learned_and_marked_without_a_word(on):
    on.configure(learns=True)
    body = on.drop(on.slack.share("F1", "leave.md", LEAVE))
    assert on.known() == {"slack:file:F1": WORKSPACE}
    (mark,) = on.slack.of("reactions.add")
    assert (mark["name"], mark["timestamp"]) == ("books", body["event"]["ts"])
    assert on.slack.posted == []
    (document,) = documents.documents(on.on.store)
    assert document.link == on.slack.files["F1"]["permalink"]
    assert document.person == ALICE


def test_where_nobody_switched_learning_on_no_file_is_even_fetched(on):
    channels.note(on.on.store, CHANNEL, public=True, outside=False)
    on.drop(on.slack.share("F1", "leave.md", LEAVE))
    assert on.known() == {}
    assert on.slack.of("files.info") == []
    assert on.slack.tokens_seen == []
    assert on.on.store.rows("SELECT key FROM claims") == []


def test_a_file_sent_in_a_direct_message_is_known_in_that_conversation_only_and_it_says_so(on):
    body = on.drop(on.slack.share("F1", "leave.docx", word_file()), channel=DIRECT)
    assert on.known() == {"slack:file:F1": DIRECT}
    (said,) = on.slack.posted
    assert said["channel"] == DIRECT
    assert said["thread_ts"] == body["event"]["ts"]
    assert said["text"] == "Learned: Leave (1 passage)."


def test_what_a_private_channel_holds_stays_in_it(on):
    on.slack.channels[PRIVATE] = {"is_private": True}
    on.configure(PRIVATE, learns=True)
    on.drop(on.slack.share("F1", "leave.md", LEAVE), channel=PRIVATE, channel_type="group")
    assert on.known() == {"slack:file:F1": PRIVATE}


def test_a_public_channel_that_keeps_what_it_learns_to_itself_shares_it_when_its_people_say_so(on):
    on.configure(learns=True, shares=False)
    on.drop(on.slack.share("F1", "leave.md", LEAVE))
    assert on.known() == {"slack:file:F1": CHANNEL}
    on.configure(learns=True, shares=True)
    assert on.known() == {"slack:file:F1": WORKSPACE}
    on.configure(learns=True, shares=False)
    assert on.known() == {"slack:file:F1": CHANNEL}


@pytest.mark.parametrize("standing", [{"is_restricted": True}, {"is_stranger": True}])
def test_what_a_guest_or_somebody_from_elsewhere_brings_is_for_that_channel_only(on, standing):
    on.slack.people[BOB] = standing
    on.configure(learns=True)
    on.drop(on.slack.share("F1", "leave.md", LEAVE, user=BOB), user=BOB)
    assert on.known() == {"slack:file:F1": CHANNEL}


# Once


def test_a_redelivered_event_and_its_twin_teach_a_file_once(on):
    on.configure(learns=True)
    file = on.slack.share("F1", "leave.md", LEAVE)
    body = on.drop(file, text=f"<@{BOT}> see")
    on.on.send(body, retry=1)
    on.on.send(event({**body["event"], "type": "app_mention"}))
    on.settle()
    assert len(on.slack.of("files.info")) == 1


def test_the_same_file_in_another_message_is_replaced_not_doubled(on):
    on.configure(learns=True)
    file = on.slack.share("F1", "leave.md", LEAVE)
    on.drop(file)
    on.slack.files["F1"]["bytes"] = LEAVE.replace(b"28", b"30")
    on.drop(file)
    assert on.known() == {"slack:file:F1": WORKSPACE}
    assert "30 days" in on.text("slack:file:F1")
    assert "28 days" not in on.text("slack:file:F1")


def test_a_file_that_a_crash_interrupted_is_learned_by_the_next_start(on, monkeypatch):
    on.configure(learns=True)
    monkeypatch.setattr(on.learning, "take", lambda *_: None)  # the process dies right after the claim
    body = on.drop(on.slack.share("F1", "leave.md", LEAVE))
    assert on.known() == {}
    monkeypatch.undo()
    key = f"file:{CHANNEL}:{body['event']['ts']}:F1"
    on.on.app.room.let_go(key)
    claims.hand_back(on.on.store, key)
    on.on.app.room.recover()
    on.settle()
    assert on.known() == {"slack:file:F1": WORKSPACE}


# Not at all


def test_a_file_that_cannot_be_learned_is_told_in_one_line_to_who_shared_it_alone(on):
    on.configure(learns=True)
    body = on.drop(on.slack.share("F1", "setup.exe", b"MZ\x90\x00"))
    (told,) = on.slack.of("chat.postEphemeral")
    assert told["user"] == ALICE
    assert told["thread_ts"] == body["event"]["ts"]
    assert "malware" in texts(told["blocks"])
    assert "\n" not in told["text"]
    assert on.slack.posted == on.slack.of("reactions.add") == []
    assert on.slack.tokens_seen == []  # refused by its name: never fetched


def test_pictures_in_a_channel_are_passed_over_and_in_a_direct_message_explained(on):
    on.configure(learns=True)
    picture = on.slack.share("F1", "party.png", b"\x89PNG", mimetype="image/png")
    on.drop(picture)
    assert on.slack.of("chat.postEphemeral") == []
    on.drop(picture, channel=DIRECT)
    assert "its kind is '.png'; expected Markdown" in on.slack.posted[-1]["text"]


@pytest.mark.parametrize(
    "kept_elsewhere",
    [{"mode": "external", "is_external": True}, {"mode": "hidden_by_limit"}, {"mode": "tombstone"}],
)
def test_files_that_slack_does_not_keep_are_no_matter_in_channels_and_one_line_in_a_conversation(
    on, kept_elsewhere
):
    on.configure(learns=True)
    file = on.slack.share("F1", "leave.md", LEAVE, **kept_elsewhere)
    on.drop(file)
    assert on.slack.of("chat.postEphemeral") == []
    on.drop({"id": "F1", "mode": "file_access", "file_access": "check_file_info"}, channel=DIRECT)
    assert "isn't kept by Slack" in on.slack.posted[-1]["text"]
    assert on.known() == {}


def test_a_file_of_a_shared_channel_that_comes_without_its_details_is_asked_for(on):
    on.configure(learns=True)
    on.slack.share("F1", "leave.md", LEAVE)
    on.drop({"id": "F1", "mode": "file_access", "file_access": "check_file_info"})
    assert on.known() == {"slack:file:F1": WORKSPACE}


def test_what_other_bots_post_is_not_learned_unless_they_are_allowed(tmp_path):
    for allowed, known in (([], {}), (["B0CI"], {"slack:file:F1": WORKSPACE})):
        with scene(tmp_path / str(len(allowed)), allow_bots=allowed) as on:
            on.configure(learns=True)
            file = on.slack.share("F1", "leave.md", LEAVE)
            on.drop(file, user="U0CI", bot_id="B0CI")
            assert on.known() == known


def test_a_file_is_still_learned_when_slack_has_to_be_asked_again(on):
    on.configure(learns=True)
    on.slack.rate_limit["files.info"] = 1
    on.drop(on.slack.share("F1", "leave.md", LEAVE))
    assert on.known() == {"slack:file:F1": WORKSPACE}


def test_questions_are_answered_beside_it(on):
    on.configure(learns=True)
    file = on.slack.share("F1", "leave.md", LEAVE)
    body = on.drop(file, text=f"<@{BOT}> How much leave do I get?")
    on.slack.wait("chat.postMessage")
    assert on.known() == {"slack:file:F1": WORKSPACE}
    assert on.slack.posted[0]["thread_ts"] == body["event"]["ts"]


# Canvases


def test_a_canvas_is_learned_as_markdown_and_again_when_it_was_changed(on, monkeypatch):
    monkeypatch.setattr(learning, "CHANGES_REST_S", 0.0)
    on.configure(learns=True)
    on.drop(on.slack.canvas("F2", "Team rules", "# Rules\n\nAsk ![](@U0BOB) first.", channels=[CHANNEL]))
    (document,) = documents.documents(on.on.store)
    assert (document.source, document.title) == ("slack:file:F2", "Team rules")
    assert "Ask @U0BOB first." in on.text("slack:file:F2")
    on.slack.canvases["F2"] = "# Rules\n\nJust do it."
    on.send({"type": "file_change", "file_id": "F2", "file": {"id": "F2"}})
    until(lambda: "Just do it." in on.text("slack:file:F2"))
    assert "Ask" not in on.text("slack:file:F2")


def test_many_changes_of_a_canvas_are_read_once_when_it_has_come_to_rest(on, monkeypatch):
    monkeypatch.setattr(learning, "CHANGES_REST_S", 0.3)
    on.configure(learns=True)
    on.drop(on.slack.canvas("F2", "Team rules", "# Rules\n\nOne.", channels=[CHANNEL]))
    before = len(on.slack.of("files.info"))
    for _ in range(5):
        on.send({"type": "file_change", "file_id": "F2", "file": {"id": "F2"}})
    until(lambda: len(on.slack.of("files.info")) > before)
    on.settle()
    assert len(on.slack.of("files.info")) == before + 1


def test_a_canvas_that_is_begun_in_a_learning_channel_is_learned(on, monkeypatch):
    monkeypatch.setattr(learning, "CHANGES_REST_S", 0.0)
    on.configure(learns=True)
    on.slack.canvas("F1", "Channel canvas", "# Welcome\n\nRead this first.")
    on.slack.channels[CHANNEL] = {"properties": {"canvas": {"file_id": "F1"}}}
    on.slack.canvas("F2", "Team rules", "# Rules\n\nOne.", channels=[CHANNEL])
    on.slack.canvas("F3", "Elsewhere", "# Secrets\n\nOne.", channels=["C0OTHER"])
    on.slack.share("F4", "leave.md", LEAVE, channels=[CHANNEL])
    for file in ("F1", "F2", "F3", "F4"):
        on.send({"type": "file_change", "file_id": file, "file": {"id": file}})
    until(lambda: len(on.slack.of("files.info")) >= 6)
    on.settle()
    assert set(on.known()) == {"slack:file:F1", "slack:file:F2"}


def test_a_link_to_a_canvas_that_becomes_a_file_a_moment_later_is_learned_once(on):
    on.configure(learns=True)
    canvas = on.slack.canvas("F2", "Team rules", "# Rules\n\nOne.", channels=[CHANNEL])
    said = {
        "type": "message",
        "user": ALICE,
        "text": "see <https://t.slack.com/docs/T0/F2>",
        "ts": "1700000000.000100",
    }
    on.send({**said, "channel": CHANNEL, "channel_type": "channel"})
    for _ in range(2):
        changed = {
            "message": {**said, "files": [canvas]},
            "previous_message": said,
            "ts": "1700000001.000100",
        }
        on.send(
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": CHANNEL,
                "channel_type": "channel",
                **changed,
            }
        )
    assert set(on.known()) == {"slack:file:F2"}
    assert len(on.slack.of("canvases.getContent")) == 1


def test_a_file_that_was_taken_out_of_the_channel_meanwhile_is_known_there_no_more(on):
    on.configure(learns=True)
    on.configure("C0OTHER", learns=True)
    file = on.slack.share("F2", "leave.md", LEAVE, channels=[CHANNEL, "C0OTHER"])
    on.drop(file)
    on.slack.files["F2"]["channels"] = ["C0OTHER"]
    on.configure(learns=True)
    assert on.known() == {}
    on.drop(file, channel="C0OTHER")
    on.slack.files["F2"]["channels"] = ["C0OTHER", CHANNEL]
    on.drop(file)
    on.slack.files["F2"]["channels"] = ["C0OTHER"]
    on.configure(learns=True)
    assert on.known() == {"slack:file:F2": WORKSPACE}


def test_a_file_that_nobody_learned_may_change_as_it_likes(on, monkeypatch):
    monkeypatch.setattr(learning, "CHANGES_REST_S", 0.0)
    on.send({"type": "file_change", "file_id": "F9", "file": {"id": "F9"}})
    on.learning._watch.look()
    on.settle()
    assert on.slack.of("files.info") == []


def test_switching_learning_on_learns_the_channels_canvas_and_those_shared_in_it_before(on):
    on.slack.canvas("F1", "Channel canvas", "# Welcome\n\nRead this first.")
    on.slack.canvas("F2", "Team rules", "# Rules\n\nOne.", channels=[CHANNEL])
    on.slack.share("F3", "old.md", LEAVE, channels=[CHANNEL])  # only what is dropped from now on
    on.slack.channels[CHANNEL] = {"properties": {"canvas": {"file_id": "F1"}}}
    on.configure(learns=True)
    assert set(on.known()) == {"slack:file:F1", "slack:file:F2"}


def test_what_was_deleted_while_nobody_listened_is_forgotten_at_the_next_start(on):
    on.slack.channels[CHANNEL] = {"properties": {"canvas": {"file_id": "F1"}}}
    on.slack.canvas("F1", "Channel canvas", "# Welcome\n\nRead this first.")
    on.configure(learns=True)
    on.drop(on.slack.share("F2", "leave.md", LEAVE, channels=[CHANNEL]))
    on.drop(on.slack.share("F3", "desk.md", b"# Desks\n\nBook one.", channels=[CHANNEL]))
    assert set(on.known()) == {"slack:file:F1", "slack:file:F2", "slack:file:F3"}
    del on.slack.files["F1"], on.slack.files["F2"]
    on.slack.channels[CHANNEL] = {}
    on.configure(learns=True)
    on.on.app.room.recover()
    on.settle()
    assert set(on.known()) == {"slack:file:F3"}


def test_a_slack_that_does_not_give_a_canvas_as_text_gives_it_as_a_page(on):
    on.configure(learns=True)
    on.slack.refuse["canvases.getContent"] = "unknown_method"
    canvas = on.slack.canvas("F2", "Team rules", "")
    on.slack.files["F2"]["bytes"] = b"<h1>Rules</h1><script>steal()</script><p>Be kind.</p>"
    on.drop(canvas)
    assert "Be kind." in on.text("slack:file:F2")
    assert "steal" not in on.text("slack:file:F2")


# The token and the bytes


def test_the_token_goes_to_no_other_host_whatever_a_file_says(slack):
    with elsewhere() as host:
        slack.share("F1", "leave.md", LEAVE, url_private_download=host.url)
        with pytest.raises(DocumentError, match="isn't kept by Slack"):
            files.fetch(client(slack), "F1", max_file_mb=1)
        assert host.headers == []


def test_the_token_does_not_follow_a_redirect_to_another_host(slack):
    with elsewhere() as host:
        slack.share("F1", "leave.md", LEAVE, redirect=host.url)
        with pytest.raises(DocumentError, match="isn't kept by Slack"):
            files.fetch(client(slack), "F1", max_file_mb=1)
        assert host.headers == []
    assert slack.tokens_seen == ["Bearer xoxb-1"]


def test_a_redirect_within_slack_is_followed(slack):
    slack.share("F2", "leave.md", LEAVE)
    slack.share("F1", "leave.md", b"", redirect="/files-pri/F2")
    assert files.fetch(client(slack), "F1", max_file_mb=1).data == LEAVE


def test_endless_redirects_end(slack):
    slack.share("F1", "leave.md", b"", redirect="/files-pri/F1")
    with pytest.raises(DocumentError, match="from page to page"):
        files.fetch(client(slack), "F1", max_file_mb=1)
    assert len(slack.tokens_seen) == files.REDIRECTS + 1


def test_a_page_to_sign_in_is_no_document(slack):
    slack.share("F1", "leave.html", LEAVE)
    wrong = WebClient(token="xoxb-other", base_url=slack.url)
    with pytest.raises(DocumentError, match="doesn't let me open it"):
        files.fetch(wrong, "F1", max_file_mb=1)


@pytest.mark.parametrize("told", [100, 3_000_000])
def test_a_file_is_dropped_at_the_limit_however_small_it_was_said_to_be(slack, told):
    slack.share("F1", "leave.md", b"x" * 3_000_000, size=told)
    with pytest.raises(DocumentError, match=r"expected at most 1: split it"):
        files.fetch(client(slack), "F1", max_file_mb=1)
    assert len(slack.tokens_seen) == (told == 100)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.md", True),
        ("https://slack.com/x", True),
        ("https://acme.enterprise.slack.com/x", True),
        ("https://files.slack-gov.com/x", True),
        ("https://FILES.SLACK.COM./x", True),
        ("http://127.0.0.1:5/files-pri/F1", True),
        ("http://files.slack.com/x", False),
        ("https://files.slack.com:8443/x", False),
        ("https://evilslack.com/x", False),
        ("https://slack.com.evil.example/x", False),
        ("https://files.slack.com@evil.example/x", False),
        ("https://user:pass@files.slack.com/x", False),
        ("http://127.0.0.1:6/x", False),
        ("https://127.0.0.1:5/x", False),
        ("file:///etc/passwd", False),
        ("ftp://files.slack.com/x", False),
        ("//files.slack.com/x", False),
        ("", False),
    ],
)
def test_only_slacks_own_addresses_get_the_token(url, ours):
    assert files.is_slacks(url, "http://127.0.0.1:5/api/") is ours
