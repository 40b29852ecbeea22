"""Where Lorebot answers: what a message means to it, by how its channel is set up.

`off`: not a word. `mentions`: what is put to it. `questions`: also a question to nobody in particular, where it is surely
right. `all`: whatever people say that isn't said to one of them. In a thread where it was asked, and where replies are
followed (or all is answered), replies count as well, until people talk to each other: see `threads`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from bot.slack.talk.asking import asks, asks_on, to_somebody
from bot.slack.talk.asks import Ask, asked_in_message, edited_message, mentions, said_in_message
from bot.store import Store, channels, questions

Event = Mapping[str, Any]
UNASKED_WITHIN_S = 300.0
"""Nobody waits for an answer that nobody asked for: one that would come later is better not given."""


def meant(store: Store, event: Event, bot_user: str, allow_bots: Collection[str]) -> Ask | None:
    """What a message is to us, with how it reached us; None when it is nothing of ours. Costs a look into the store."""
    ask = asked_in_message(event, bot_user, allow_bots)
    if ask is not None and ask.direct:
        return ask
    said = ask or said_in_message(event, bot_user, ())  # a bot has to name us
    if said is None:
        return None
    chosen, raw = channels.settings(store, said.channel), str(event.get("text") or "")
    if ask is not None:
        return replace(ask, reach="off") if chosen.mode == "off" else ask
    if chosen.mode == "off" or not said.text:
        return None
    if said.in_thread:
        follows = chosen.mode == "all" or (chosen.follows and asks_on(raw))
        ours = follows and questions.questions_in_thread(store, said.channel, str(said.thread))
        return replace(said, reach="thread", us=bot_user) if ours else None
    if chosen.mode == "all" and not to_somebody(raw):
        return said
    if chosen.mode == "questions" and asks(raw):
        return replace(said, reach="unasked")
    return None


def meant_by_edit(store: Store, event: Event, bot_user: str, allow_bots: Collection[str]) -> Ask | None:
    """What an edited message asks now; None when that hasn't changed.

    What was answered is answered again in place. What wasn't asks only where it names us now, or has just been written.
    """
    found = edited_message(event)
    if found is None:
        return None
    message, before, edited = found
    now = meant(store, message, bot_user, allow_bots)
    if now is None or now.reach == "off":
        return None
    then = meant(store, before, bot_user, allow_bots)
    if then is not None and (then.text, then.context) == (now.text, now.context):
        return None
    if questions.question_by_key(store, now.source, now.key) is not None:
        return replace(now, reach="addressed", edited=edited)
    named = now.direct or mentions(message, bot_user)
    fresh = now.reach != "thread" and not stale(now)
    return replace(now, edited=edited) if named or fresh else None


def stale(ask: Ask) -> bool:
    """Whether a message is too old to be answered unasked."""
    return time.time() - float(ask.ts or 0) > UNASKED_WITHIN_S
