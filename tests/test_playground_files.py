"""Files, pins and canvases in the playground, as people leave them and as a bot gets at them."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playground_bench import EBBE, GENERAL, HANA, JONAS, LEADS, MIRA, NOOR, PARTNERS, RANDOM, Bench, until
from slack_sdk.models.blocks import ImageBlock
from slack_sdk.models.blocks.basic_components import SlackFile

from bot.playground.server import start

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080400000"
    + "0b51c0c020000000b4944415478da63fcff1f0003030200efbf"
    "a7db0000000049454e44ae426082"
)
Json = dict[str, Any]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(start(folder=None))
    yield bench
    bench.close()


def drop(bench: Bench, name: str, content: bytes, **where: Any) -> str:
    """The id of a file that somebody leaves in a conversation."""
    files = [{"name": name, "content": base64.b64encode(content).decode()}]
    answer = bench.act("upload", **({"channel": GENERAL, "files": files} | where))
    assert answer["ok"], answer
    return str(answer["files"][0])


def fetched(url: str, token: str | None) -> tuple[str, bytes]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request) as answer:
        return str(answer.headers["content-type"]), answer.read()


def test_a_dropped_file_is_told_looked_up_and_downloaded_with_the_token(bench: Bench) -> None:
    heard: list[Json] = []

    @bench.app.event("file_shared")
    def note(event: Json) -> None:
        heard.append(event)

    bench.connect()
    id = drop(bench, "leave.md", b"# Leave\n", text="Read *this*")
    event = until(lambda: heard)[0]
    assert (event["file_id"], event["user_id"], event["channel_id"]) == (id, MIRA, GENERAL)
    file = bench.client.files_info(file=id)["file"]
    assert (file["name"], file["filetype"], file["mimetype"], file["size"]) == (
        "leave.md",
        "md",
        "text/plain",
        8,
    )
    assert (file["user"], file["channels"], file["groups"]) == (MIRA, [GENERAL], [])
    message = bench.client.conversations_history(channel=GENERAL)["messages"][0]
    assert (message["subtype"], message["text"]) == ("file_share", "Read *this*")
    assert file["shares"]["public"][GENERAL][0]["ts"] == message["ts"]
    for url in (file["url_private"], file["url_private_download"]):
        assert fetched(url, bench.client.token) == ("text/plain; charset=utf-8", b"# Leave\n")
        # Without the right token Slack shows a page to sign in, and calls it a success.
        for wrong in (None, "xoxb-other"):
            kind, page = fetched(url, wrong)
            assert kind.startswith("text/html")
            assert b"# Leave" not in page


def test_a_bot_sees_only_files_of_conversations_it_is_in(bench: Bench) -> None:
    seen, hidden = drop(bench, "a.txt", b"a", channel=LEADS), drop(bench, "b.txt", b"b", channel=RANDOM)
    assert bench.client.files_info(file=seen)["file"]["groups"] == [LEADS]
    assert bench.code(bench.client.files_info, file=hidden) == "file_not_found"
    assert [file["id"] for file in bench.client.files_list()["files"]] == [seen]


def test_people_see_only_files_of_conversations_they_may_read(bench: Bench) -> None:
    id = drop(bench, "salaries.txt", b"100", channel=LEADS)
    url = f"{bench.playground.url}/page/file/{id}?person="
    assert fetched(url + "jonas", None)[1] == b"100"
    for other in ("hana", "noor", "ebbe"):
        with pytest.raises(urllib.error.HTTPError):
            fetched(url + other, None)


def test_a_deleted_file_leaves_a_stone_and_is_told(bench: Bench) -> None:
    heard: list[str] = []

    @bench.app.event("file_deleted")
    def note(event: Json) -> None:
        heard.append(event["file_id"])

    bench.connect()
    id = drop(bench, "old.txt", b"old", person=HANA)
    assert bench.act("delete_file", person=JONAS, file=id)["error"] == "not_yours"
    assert bench.act("delete_file", person=HANA, file=id)["ok"]
    until(lambda: heard == [id])
    assert bench.code(bench.client.files_info, file=id) == "file_not_found"
    (message,) = bench.client.conversations_history(channel=GENERAL)["messages"]
    assert message["files"] == [{"id": id, "mode": "tombstone"}]


def test_files_too_large_or_broken_are_refused_in_words(bench: Bench) -> None:
    huge = base64.b64encode(b"x" * 20_000_001).decode()
    answer = bench.act("upload", channel=GENERAL, files=[{"name": "a", "content": huge}])
    assert "20,000,000" in answer["text"]
    for files in ([], [{"name": "a"}], [{"name": "a", "content": "%%"}], "none"):
        assert not bench.act("upload", channel=GENERAL, files=files)["ok"]
    assert bench.messages() == []


def test_a_file_may_be_sent_to_the_bot_alone(bench: Bench) -> None:
    id = drop(bench, "mine.txt", b"mine", channel="dm")
    assert len(bench.client.files_info(file=id)["file"]["ims"]) == 1
    assert bench.messages(HANA, "dm") == []


# Pictures in blocks


def image(**named: str) -> Json:
    return {"type": "image", "alt_text": "a chart", "slack_file": named}


def test_a_picture_in_a_block_must_be_a_picture_the_bot_may_show(bench: Bench) -> None:
    client = bench.client
    picture = client.files_upload_v2(content=PIXEL, filename="a.png")["file"]
    words = client.files_upload_v2(content=b"words", filename="a.txt")["file"]
    theirs = drop(bench, "b.png", PIXEL, channel=RANDOM)
    for named in (
        {"id": picture["id"]},
        {"url": client.files_info(file=picture["id"])["file"]["url_private"]},
    ):
        ImageBlock(alt_text="a chart", slack_file=SlackFile(**named)).validate_json()
        home = {"type": "home", "blocks": [image(**named)]}
        assert client.views_publish(user_id=MIRA, view=home)["ok"]
        assert client.chat_postMessage(channel=GENERAL, text="look", blocks=[image(**named)])["ok"]
    unknown = {"id": "F0NOWHERE"}
    for wrong in (unknown, {"id": words["id"]}, {"id": theirs}, {"id": picture["id"], "url": "https://a/b"}):
        home = {"type": "home", "blocks": [image(**wrong)]}
        assert bench.code(client.views_publish, user_id=MIRA, view=home) == "invalid_arguments"
        post = {"channel": GENERAL, "text": "look", "blocks": [image(**wrong)]}
        assert bench.code(client.chat_postMessage, **post) == "invalid_blocks"
    # Everybody whose home it stands in may look at it.
    url = f"{bench.playground.url}/page/file/{picture['id']}?person=hana"
    assert fetched(url, None) == ("image/png", PIXEL)


# Pins


def test_pins_are_listed_told_and_taken_off(bench: Bench) -> None:
    heard: list[tuple[str, str]] = []

    @bench.app.event("pin_added")
    @bench.app.event("pin_removed")
    def note(event: Json) -> None:
        heard.append((event["type"], event["item"]["message"]["text"]))

    bench.connect()
    first, second = bench.say("first"), bench.say("second")
    bench.act("pin", channel=GENERAL, ts=first, on=True)
    bench.act("pin", channel=GENERAL, ts=second, on=True)
    assert bench.act("pin", channel=GENERAL, ts=first, on=True)["error"] == "already_pinned"
    items = bench.client.pins_list(channel=GENERAL)["items"]
    assert {item["message"]["text"] for item in items} == {"first", "second"}
    assert all(item["message"]["permalink"].startswith(bench.playground.url) for item in items)
    bench.act("pin", channel=GENERAL, ts=first, on=False)
    until(lambda: len(heard) == 3)
    assert sorted(heard) == [("pin_added", "first"), ("pin_added", "second"), ("pin_removed", "first")]
    assert bench.code(bench.client.pins_remove, channel=GENERAL, timestamp=first) == "no_pin"


# Canvases


def test_a_canvas_is_found_through_its_channel_and_downloaded_as_html(bench: Bench) -> None:
    heard: list[tuple[str, str]] = []

    @bench.app.event("file_created")
    @bench.app.event("file_shared")
    @bench.app.event("file_change")
    @bench.app.event("file_deleted")
    def note(event: Json) -> None:
        heard.append((event["type"], event["file_id"]))

    bench.connect()
    assert "properties" not in bench.client.conversations_info(channel=LEADS)["channel"]
    answer = bench.act("canvas", channel=LEADS, title="Rules", text="Park in the *back*.\n\n<b>not bold</b>")
    id = bench.client.conversations_info(channel=LEADS)["channel"]["properties"]["canvas"]["file_id"]
    assert answer["file"] == id
    file = bench.client.files_info(file=id)["file"]
    assert (file["filetype"], file["mode"], file["title"]) == ("quip", "quip", "Rules")
    kind, page = fetched(file["url_private"], bench.client.token)
    assert kind.startswith("text/html")
    assert b"<h1>Rules</h1>" in page
    assert b"<em>back</em>" in page
    assert b"<b>" not in page
    assert bench.client.canvases_getContent(canvas_id=id)["content"].startswith(
        "# Rules\n\nPark in the *back*."
    )
    assert bench.code(bench.client.canvases_getContent, canvas_id="F0NOWHERE") == "canvas_not_found"
    bench.act("canvas", channel=LEADS, title="Rules", text="Park in front.", person=JONAS)
    assert b"front" in fetched(file["url_private"], bench.client.token)[1]
    bench.act("delete_file", file=id)
    until(lambda: len(heard) == 5)
    told = ["file_change", "file_change", "file_created", "file_deleted", "file_shared"]
    assert sorted(kind for kind, _ in heard) == told
    assert {file for _, file in heard} == {id}
    assert "properties" not in bench.client.conversations_info(channel=LEADS)["channel"]


# Who sees what


def test_guests_and_people_from_elsewhere_see_only_their_channels(bench: Bench) -> None:
    def names(person: str) -> list[str]:
        return [channel["name"] for channel in bench.state(person)["channels"] if channel["kind"] != "im"]

    assert names(NOOR) == ["it-help", "with-birchline"]
    assert names(EBBE) == ["with-birchline"]
    secret = bench.say("between us", channel=GENERAL)
    assert bench.act("react", person=NOOR, channel=GENERAL, ts=secret, name="eyes", on=True)["ok"] is False
    assert "between us" not in str(bench.state(NOOR))
    assert not bench.act("command", person=EBBE, channel=PARTNERS, command="/lorebot", text="hi")["ok"]
    assert bench.client.users_info(user=NOOR)["user"]["is_restricted"] is True
    shared = bench.client.conversations_info(channel=PARTNERS)["channel"]
    assert (shared["is_ext_shared"], shared["connected_team_ids"]) == (True, ["T0BIRCHLIN"])
    assert bench.client.conversations_info(channel=GENERAL)["channel"]["is_ext_shared"] is False


def test_a_channel_can_be_shared_with_the_workspace_next_door_and_be_its_own_again(bench: Bench) -> None:
    bench.say("old words", channel=RANDOM)
    assert bench.act("connect", channel=RANDOM, on=True)["ok"]
    assert "old words" in str(bench.state(EBBE)["messages"])
    assert bench.client.conversations_info(channel=RANDOM)["channel"]["is_ext_shared"] is True
    bench.act("connect", channel=RANDOM, on=False)
    assert "old words" not in str(bench.state(EBBE))
    assert bench.client.conversations_info(channel=RANDOM)["channel"]["is_ext_shared"] is False


def test_a_bot_that_was_removed_hears_it_and_nothing_after(bench: Bench) -> None:
    heard: list[str] = []

    @bench.app.event("channel_left")
    @bench.app.event("message")
    def note(event: Json) -> None:
        heard.append(event["type"])

    bench.connect()
    bench.act("remove", channel=GENERAL)
    bench.say("now that it is gone", channel=GENERAL)
    bench.say("here", channel=LEADS)
    until(lambda: len(heard) == 2)
    assert heard == ["channel_left", "message"]
    assert bench.code(bench.client.chat_postMessage, channel=GENERAL, text="hi") == "not_in_channel"


def test_an_admin_may_delete_what_the_bot_said(bench: Bench) -> None:
    ts = bench.client.chat_postMessage(channel=GENERAL, text="wrong")["ts"]
    assert bench.act("delete", person=HANA, channel=GENERAL, ts=ts)["error"] == "not_yours"
    assert bench.act("delete", person=MIRA, channel=GENERAL, ts=ts)["ok"]
    assert bench.messages() == []
