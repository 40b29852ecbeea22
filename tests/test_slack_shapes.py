"""Whatever documents and people write: Slack takes what we show, a screen reader reads it, and nobody is pinged or led
astray by it."""

from __future__ import annotations

import re

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from slack_limits import message_faults, strings, view_faults
from slack_shapes import LINK, PERSON, makers, shapes
from slack_stage import elements

from bot.slack.looks.rich import Posting

MARK = "EVIL"
"""Stands in every hostile text: wherever it comes out, foreign words did."""

HOSTILE = {
    "ping of a channel": "<!channel> EVIL",
    "ping of who is here": "<!here|here> EVIL <!everyone>",
    "ping of a person": "EVIL <@U0EVIL> <@U0EVIL|boss>",
    "ping of a group": "<!subteam^S0EVIL|@admins>",
    "escaped ping": "&lt;!channel&gt; EVIL &amp;lt;!here&amp;gt;",
    "faked link": "<https://evil.test/EVIL|https://bank.test>",
    "faked Markdown link": "[https://bank.test](https://evil.test/EVIL) [bank.test/login EVIL](https://evil.test)",
    "script as a link": "[EVIL](javascript:alert(1)) <javascript:alert(1)|EVIL> [EVIL](data:text/html,x)",
    "link out of its brackets": "[EVIL](https://evil.test/<!channel>|x)",
    "date token": "<!date^1^{date} EVIL^https://evil.test|soon>",
    "stars": "*EVIL* **EVIL** ***",
    "underlines": "_EVIL_ __EVIL__ ___",
    "tildes": "~EVIL~ ~~EVIL~~",
    "back-ticks": "`EVIL` ```EVIL``` ```",
    "an open code block": "EVIL\n```\nnever closed",
    "quotes": "> EVIL\n>>> EVIL\n&gt; EVIL",
    "a list": "- EVIL\n* EVIL\n1. EVIL\n   - EVIL",
    "a table": "| EVIL | EVIL |\n|---|---|\n| EVIL | EVIL |",
    "headings": "# EVIL\n\nEVIL\n====",
    "turned direction": "EVIL \u202egnp.exe\u2066 EVIL \u2069\u202d",
    "right to left": "مرحبا بالعالم EVIL שלום",
    "no width": "E\u200bVIL EVIL\u200d\u2060\ufeff\u200b",
    "nothing to see": "\u200b",
    "control characters": "\x00EVIL\x07\x1b[31m\x7f\x85",
    "lone surrogate": "EVIL \ud800",
    "one very long word": "EVIL" + "x" * 5_000,
    "very long prose": "EVIL words and words. " * 250,
    "many lines": "EVIL\n" * 200,
    "emoji names": ":tada: EVIL :+1::skin-tone-2: :evil:",
    "families of emoji": "👩‍👩‍👧‍👦" * 150 + "EVIL",
    "entities escaped twice": "&amp;amp;lt;EVIL&amp;gt; &#60;!channel&#62; &lt;EVIL",
    "Block Kit": '{"type":"section","text":{"type":"mrkdwn","text":"<!channel> EVIL"}}',
    "braces": "{person} {0} {EVIL.__class__} %s %(EVIL)s",
    "private use": "EVIL \U000f0000\U000f0005\ue000",
    "HTML": "<script>EVIL</script><a href='https://evil.test'>bank.test</a><br>",
    "white space": " \n\t ",
    "a mention of us": "@channel @here #general EVIL",
}
OURS = re.compile(
    rf"<@{PERSON}>|<#C\d+>|<!date\^\d+\^{{date_short_pretty}} {{time}}\|\d{{4}}-\d\d-\d\d \d\d:\d\d UTC>"
)
"""The only tokens that we make ourselves."""

FORMATS = re.compile(r"[*~`]|(?<!\w)_+|_+(?!\w)")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

TEXTS = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="*_~`<>&|[]()#!-.\n\\ abX🎉\u202e\u200d", max_size=400),
    st.lists(st.sampled_from(list(HOSTILE.values())), min_size=1, max_size=4).map(" ".join),
    st.text(min_size=1, max_size=20).map(lambda text: text * 150),
)


def faults_of(shape: object) -> list[str]:
    return message_faults(*shape) if isinstance(shape, Posting) else view_faults(shape)


def test_every_function_that_makes_a_message_or_a_view_is_looked_at() -> None:
    made = {name.partition(" ")[0] for name in shapes("words")}
    assert made == set(makers())


@pytest.mark.parametrize("text", ["words", "", *HOSTILE.values()], ids=["words", "nothing", *HOSTILE])
def test_slack_takes_everything_we_show(text: str) -> None:
    assert {name: faults for name, shape in shapes(text).items() if (faults := faults_of(shape))} == {}


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(TEXTS)
def test_slack_takes_everything_we_show_whatever_it_is_made_of(text: str) -> None:
    assert {name: faults for name, shape in shapes(text).items() if (faults := faults_of(shape))} == {}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_foreign_words_ping_nobody_fake_no_link_and_format_nothing(text: str) -> None:
    plainly = shapes("words")
    for name, shape in shapes(text).items():
        blocks = blocks_of(shape)
        for kind in ("user", "usergroup", "broadcast", "channel", "date", "emoji", "markdown"):
            ours = elements(blocks_of(plainly[name]), kind)
            assert elements(blocks, kind) == ours, f"{name} makes a {kind} of foreign words"
        for link in elements(blocks, "link"):
            assert _honest(link), f"{name} leads astray: {link}"
        formatted = [each["text"] for each in elements(blocks, "mrkdwn")]
        for said in [*formatted, *([shape.text] if isinstance(shape, Posting) else [])]:
            assert "<" not in OURS.sub("", said), f"{name} leaves a token open: {said}"
        assert _signs(blocks) <= _signs(blocks_of(plainly[name])), f"{name} formats foreign words"
        shown = "".join(strings(blocks)) + (shape.text if isinstance(shape, Posting) else "")
        assert not UNSEEN.search(shown), f"{name} shows what can't be seen"
        for each in elements(blocks, "plain_text"):
            assert MARK not in each["text"] or each.get("emoji") is not True, f"{name} makes emoji of names"


def blocks_of(shape: Posting | dict) -> list:
    return shape.blocks if isinstance(shape, Posting) else shape["blocks"]


def _signs(blocks: list) -> int:
    """How many signs that format stand in what Slack formats."""
    return sum(len(FORMATS.findall(each["text"])) for each in elements(blocks, "mrkdwn"))


def _honest(link: dict) -> bool:
    if link["url"] == LINK:
        return True
    named = re.findall(r"(?:[\w-]+\.)+[a-z]{2,}", link["text"])
    host = link["url"].split("/")[2]
    return link["url"].startswith(("https://", "http://")) and all(each == host for each in named)


def test_the_text_of_a_message_says_all_that_its_blocks_say() -> None:
    """A screen reader and a notification get the text alone."""
    for name, shape in shapes("leave of 28 days").items():
        if not isinstance(shape, Posting):
            continue
        shown = [each["text"] for each in elements(shape.blocks, "text")]
        shown += [each["text"]["text"] for each in elements(shape.blocks, "section") if "text" in each]
        words = {word for text in shown for word in re.findall(r"\w+", text.casefold())}
        spoken = set(re.findall(r"\w+", shape.text.casefold()))
        missed = {word for word in words - spoken if len(word) > 3}
        assert not missed, f"{name} doesn't say {sorted(missed)[:8]}"
