"""Share in channel: an answer that one person was given alone, posted for all, if all may be told it at that moment.

Between asking and sharing a channel can be opened to others, a document kept to another place or unlearned: what may be
told is asked anew. Claimed by the answer, so that it is shared once however often the button is pressed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk.errors import SlackApiError

from bot import sight
from bot.records import Answer, Question
from bot.slack import words
from bot.slack.connection.clients import respond
from bot.slack.connection.once import Work, once
from bot.slack.looks import blocks
from bot.slack.looks.markup import cut, one_line
from bot.slack.looks.rich import Posting, paragraph, posting, rich_text
from bot.slack.looks.rich import words as leaf
from bot.slack.room import Room
from bot.slack.talk.posting import Poster
from bot.store import Store, claims, questions

Json = dict[str, Any]
KIND = "share"
QUESTION_CHARACTERS = 500
log = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    sharing = Sharing(room)
    room.takes(KIND, sharing.take)

    def read(body: Mapping[str, Any], bot_user: str) -> Work | None:
        value = str(body["actions"][0].get("value", ""))
        if not value.isdecimal():
            return None
        at = {"channel": body["channel"]["id"], "response_url": body.get("response_url")}
        return Work(
            f"share:{value}", {"kind": KIND, "answer": int(value), "person": body["user"]["id"], **at}
        )

    def share(ack: Ack, context: BoltContext) -> None:
        ack()
        sharing.take(*context["work"])

    app.action(blocks.SHARE, middleware=[once(room, read)])(share)


def may_be_told(store: Store, answer: Answer, question: Question, scopes: Collection[str]) -> bool:
    """Whether an answer may be shown where these scopes are seen. An abstention has nothing to tell.

    A taught answer may have come from any scope that its question saw, whatever text it stands in.
    """
    if answer.evidence is None or (answer.from_memory and not set(question.scopes) <= set(scopes)):
        return False
    return bool(sight.still_in_sight(store, [answer.evidence], tuple(scopes)))


def shared(answered: Posting, question: Question, name: str) -> Posting:
    """An answer's message, with who asked what in front: the asker's name pings nobody."""
    asked, text = (
        words.SHARED_ASKED.format(person=one_line(name)),
        cut(one_line(question.text), QUESTION_CHARACTERS),
    )
    front = rich_text(paragraph([*leaf(f"{asked} "), *leaf(text, italic=True)]))
    return posting([front, *answered.blocks])


class Sharing:
    def __init__(self, room: Room) -> None:
        self._room = room
        self._poster = Poster(room.clients.patient)

    def take(self, key: str, payload: Json) -> None:
        if not self._room.lanes.submit(payload["channel"], lambda: self._guarded(key, payload)):
            self._room.let_go(key)

    def _guarded(self, key: str, payload: Json) -> None:
        """The edge. What was refused can be tried again: by then the channel may be another, or have invited us."""
        try:
            refusal = self._share(payload)
        except OSError as error:
            log.warning("%s waits for Slack to be reachable: %s", key, error)
            self._room.let_go(key)
            return
        except SlackApiError as error:
            log.info("%s can't be posted: %s", key, error.response.get("error"))
            refusal = words.SHARE_FAILED
        except Exception:
            log.exception("%s could not be shared", key)
            refusal = words.SORRY_COMMAND
        self._room.finish(key)
        if refusal is not None:
            claims.release(self._room.services.store, key)
        if url := payload["response_url"]:
            respond(str(url), *blocks.say(refusal or words.SHARED), replace=refusal is None)

    def _share(self, payload: Json) -> str | None:
        """Posts the answer; None, or why it isn't posted."""
        store, channel, person = self._room.services.store, str(payload["channel"]), str(payload["person"])
        answer = questions.answer(store, int(payload["answer"]))
        question = questions.question(store, answer.question_id) if answer else None
        if answer is None or question is None or question.channel != channel:
            return words.SHARE_GONE
        if answer.ts is not None:
            return None  # posted before a crash
        scopes = self._room.places.scopes(channel, person, direct=sight.is_direct(channel))
        if not may_be_told(store, answer, question, scopes):
            return words.SHARE_REFUSED
        teacher = self._room.people.person(answer.taught_by).name if answer.taught_by else None
        name = self._room.people.person(person).name or words.REVIEW_SOMEBODY
        ts = self._poster.post(
            channel,
            lambda plain: shared(blocks.reply(answer, teacher=teacher, plain_buttons=plain), question, name),
        )
        questions.shared(store, answer, channel, ts)
        return None
