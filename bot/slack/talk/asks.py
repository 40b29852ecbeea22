"""What somebody asks, taken out of Slack's payload: one frozen record that a claim can keep and take up again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bot import sight
from bot.slack.looks.markup import unslack

QUESTION_CHARACTERS = 2000
CONTEXT_CHARACTERS = 40_000
_FENCE = re.compile(r"```(.*?)(?:```|\Z)", re.DOTALL)
_QUOTE = re.compile(r"^(?:&gt;|>)(?: |$)?(.*)$")
Reach = Literal["addressed", "thread", "unasked", "off"]
"""How a message reached us: put to us; a reply in a thread of ours; overheard; put to us where we are switched off."""

_SUBTYPES_OF_PEOPLE = (None, "thread_broadcast", "file_share")


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as it came, before anything was looked up for it."""

    source: Literal["message", "command"]
    key: str  # as in records.Question
    channel: str
    person: str
    text: str
    context: str | None = None
    ts: str | None = None  # of the message
    thread: str | None = None  # ts of the thread's first message: where the reply goes
    in_thread: bool = False  # the message was a reply itself
    direct: bool = False
    edited: str | None = None  # ts of the edit that asks again
    response_url: str | None = None  # a slash command's, or a shortcut's
    reach: Reach = "addressed"
    us: str = ""  # our own id, to tell who is meant in a thread
    context_by: str | None = None  # whose message the context is

    @property
    def claim_key(self) -> str:
        if self.source == "command":
            return f"command:{self.key}"
        return f"edit:{self.key}:{self.edited}" if self.edited else f"message:{self.key}"

    def payload(self) -> dict[str, Any]:
        return {"kind": "ask", **asdict(self)}


def ask_from_payload(payload: Mapping[str, Any]) -> Ask:
    return Ask(**{name: value for name, value in payload.items() if name != "kind"})


def asked_in_message(event: Mapping[str, Any], bot_user: str, allow_bots: Collection[str]) -> Ask | None:
    """What a message or mention event asks of us; None when it isn't put to us."""
    ask = said_in_message(event, bot_user, allow_bots)
    return ask if ask is not None and (ask.direct or mentions(event, bot_user)) else None


def said_in_message(event: Mapping[str, Any], bot_user: str, allow_bots: Collection[str]) -> Ask | None:
    """What somebody says in a message event, to whomever, as if it were a question; None for what isn't people's talk."""
    allowed = bool(event.get("bot_id")) and not {event.get("bot_id"), event.get("user")}.isdisjoint(
        allow_bots
    )
    if event.get("bot_id") and not allowed:
        return None
    if event.get("subtype") not in (*_SUBTYPES_OF_PEOPLE, *(("bot_message",) if allowed else ())):
        return None
    person, channel, ts = event.get("user") or event.get("bot_id"), event.get("channel"), event.get("ts")
    direct = event.get("channel_type") == "im" or sight.is_direct(channel)
    if not person or person == bot_user or not channel or not ts:
        return None
    text, context = split_question(_without_mention(str(event.get("text") or ""), bot_user))
    if direct and not text and not context and event.get("files"):
        return None  # a file without a word; nothing is asked
    return Ask(
        source="message",
        key=f"{channel}:{ts}",
        channel=channel,
        person=person,
        text=text,
        context=context,
        ts=ts,
        thread=event.get("thread_ts") or ts,
        in_thread=bool(event.get("thread_ts")) and event.get("thread_ts") != ts,
        direct=direct,
    )


def edited_message(event: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], str] | None:
    """A message as it is now, as it was, and the ts of its edit; None where no person edited (Slack does, to unfurl)."""
    message, before = dict(event.get("message") or {}), dict(event.get("previous_message") or {})
    edited = (message.get("edited") or {}).get("ts")
    if not edited or message.get("subtype") == "tombstone":
        return None
    where = {"channel": event.get("channel"), "channel_type": event.get("channel_type")}
    return {**message, **where}, {**before, **where}, str(edited)


def asked_in_command(body: Mapping[str, Any], text: str) -> Ask:
    question, context = split_question(text)
    channel = str(body.get("channel_id", ""))
    return Ask(
        source="command",
        key=str(body["trigger_id"]),
        channel=channel,
        person=str(body["user_id"]),
        text=question,
        context=context,
        direct=sight.is_direct(channel),
        response_url=body.get("response_url"),
    )


def split_question(raw: str) -> tuple[str, str | None]:
    """Slack's text into the question and the text pasted with it (a code block, or quoted lines), both plain.

    Without a question beside it, what was pasted is the question.
    """
    fences = _FENCE.findall(raw)
    rest = _FENCE.sub("\n", raw)
    if not fences:
        rest, fences = _quoted(raw)
    question = _one_paragraph(unslack(rest))
    context = "\n".join(unslack(each).strip("\n") for each in fences).strip()
    if not question or not context:
        return _one_paragraph(unslack(raw.replace("```", " "))), None
    return question, context[:CONTEXT_CHARACTERS]


def _quoted(raw: str) -> tuple[str, list[str]]:
    start = raw.find("&gt;&gt;&gt;")
    if start >= 0 and (start == 0 or raw[start - 1] == "\n"):
        return raw[:start], [raw[start + len("&gt;&gt;&gt;") :]]
    rest: list[str] = []
    quoted: list[str] = []
    for line in raw.splitlines():
        found = _QUOTE.match(line)
        (quoted if found else rest).append(found.group(1) if found else line)
    return "\n".join(rest), ["\n".join(quoted)] if quoted else []


def _one_paragraph(text: str) -> str:
    return " ".join(text.split())[:QUESTION_CHARACTERS]


def mentions(event: Mapping[str, Any], bot_user: str) -> bool:
    """Whether a message names us."""
    raw = str(event.get("text") or "")
    return bool(bot_user) and re.search(rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>", raw) is not None


def _without_mention(raw: str, bot_user: str) -> str:
    """The mention goes, with the comma or colon that addresses us."""
    if not bot_user:
        return raw
    return re.sub(rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>[ \t]*[,:]?", " ", raw).strip()
