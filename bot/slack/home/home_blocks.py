"""What the Home tab looks like: a person's own questions, feedback and data; above them, for an admin, the desk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from bot.insights import AskedBefore, SaidBefore
from bot.records import Answer, Vote
from bot.reviewing import Waiting
from bot.slack import words
from bot.slack.admin.run_blocks import when
from bot.slack.home import desk_blocks
from bot.slack.home.desk_blocks import Desk
from bot.slack.looks.display import answer_text
from bot.slack.looks.markup import cut, literal, one_line
from bot.slack.looks.rich import (
    Json,
    Posting,
    actions,
    button,
    confirm,
    context,
    header,
    mrkdwn_section,
    paragraph,
    plain_section,
    rich_text,
)
from bot.slack.looks.rich import words as leaf

EXPORT, FORGET, BACK = "home_export", "home_forget", "home_back"
QUESTION, ANSWER = 150, 300
WAITING_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Own:
    """What is a person's own."""

    asked: tuple[AskedBefore, ...] = ()
    said: tuple[SaidBefore, ...] = ()
    waiting: tuple[Waiting, ...] = ()  # of theirs, for a reviewer


def home(own: Own, desk: Desk | None = None, *, told: str = "", chart: str | None = None) -> Json:
    """The view. `told`: what came of the last click. `chart`: Slack's id of the picture of the desk's figures."""
    blocks = _told(told)
    if desk is not None:
        blocks += [*desk_blocks.shown(desk, chart), {"type": "divider"}]
    blocks += [header(words.HOME_HOW), mrkdwn_section(words.HELP_MD)]
    blocks += [*_asked(own), *_said(own), *_waiting(own), *_data()]
    return view(blocks)


def page(posting: Posting) -> Json:
    """Something else in the Home tab's place, with the way back."""
    back = actions(button(words.HOME_BACK, BACK, "home"))
    return view([back, *posting.blocks])


def view(blocks: list[Json]) -> Json:
    """A Home tab that knows a digest of what it shows, so that the same is never published twice."""
    digest = hashlib.sha256(json.dumps(blocks, sort_keys=True).encode()).hexdigest()[:16]
    return {"type": "home", "private_metadata": digest, "blocks": blocks}


# A person's own


def _told(told: str) -> list[Json]:
    return [plain_section(told), {"type": "divider"}] if told else []


def _asked(own: Own) -> list[Json]:
    blocks = [header(words.HOME_QUESTIONS)]
    if not own.asked:
        return [*blocks, context(words.HOME_NO_QUESTIONS)]
    return [*blocks, *(_one_asked(each) for each in own.asked)]


def _one_asked(each: AskedBefore) -> Json:
    asked = leaf(cut(one_line(each.question.text), QUESTION) or words.REVIEW_NO_WORDS, bold=True)
    return rich_text(paragraph([*asked, *leaf(f"\n{_answer(each.answer)}"), *_thumb(each.vote)]))


def _answer(answer: Answer | None) -> str:
    if answer is None:
        return words.HOME_ANSWER_GONE
    return words.HOME_UNKNOWN if answer.abstained else cut(answer_text(answer), ANSWER)


def _said(own: Own) -> list[Json]:
    if not own.said:
        return []
    blocks = [header(words.HOME_FEEDBACK)]
    for each in own.said:
        blocks += [rich_text(paragraph(_one_said(each))), context(_fate(each))]
    return blocks


def _one_said(each: SaidBefore) -> list[Json]:
    given = each.feedback
    if each.question is None:
        leaves = leaf(words.HOME_OUT_OF_SIGHT)
    else:
        leaves = leaf(cut(one_line(each.question.text), QUESTION) or words.REVIEW_NO_WORDS, bold=True)
        leaves += leaf(f"\n{_answer(each.answer)}")
    leaves += _thumb(given.vote)
    if given.reason is not None:
        leaves += leaf(f"  {dict(words.REASONS).get(given.reason, given.reason)}")
    if given.correction:
        leaves += leaf(f"\n{words.REVIEW_RIGHT}{cut(one_line(given.correction), ANSWER)}")
    return leaves


def _thumb(vote: Vote | None) -> list[Json]:
    if vote is None:
        return []
    return [*leaf("  "), {"type": "emoji", "name": "+1" if vote == "up" else "-1"}]


def _fate(each: SaidBefore) -> str:
    return (
        words.FATES[each.fate].format(why=literal(cut(each.why, 200))) + f" · {when(each.feedback.given_at)}"
    )


def _waiting(own: Own) -> list[Json]:
    """What isn't told above already: their own lessons, and older feedback."""
    told = {f"{each.feedback.answer_id}:{each.feedback.person}" for each in own.said}
    waiting = [each for each in own.waiting if each.key not in told]
    if not waiting:
        return []
    blocks = [header(words.HOME_WAITING.format(n=len(waiting))), context(words.HOME_WAITING_MD)]
    for each in waiting[:WAITING_SHOWN]:
        leaves = leaf(cut(one_line(each.question), QUESTION) or words.REVIEW_NO_WORDS, bold=True)
        if each.words:
            leaves += leaf(f"\n{cut(one_line(each.words), ANSWER)}")
        blocks.append(rich_text(paragraph(leaves)))
    return blocks


def _data() -> list[Json]:
    forget = button(words.HOME_FORGET, FORGET, "me", "danger")
    forget["confirm"] = confirm(
        words.HOME_FORGET_TITLE, words.HOME_FORGET_ASK, words.HOME_FORGET_YES, words.CANCEL, "danger"
    )
    return [
        header(words.HOME_DATA),
        mrkdwn_section(words.HOME_DATA_MD),
        actions(button(words.HOME_EXPORT, EXPORT, "me"), forget),
    ]
