"""What the review queue looks like: a page of what waits, a form for better words, and what each button carries back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bot.records import WORKSPACE
from bot.reviewing import Waiting
from bot.slack import words
from bot.slack.admin.run_blocks import when
from bot.slack.looks.display import answer_text, evidence, lines, says_more
from bot.slack.looks.markup import cut, escape, literal, mention, one_line, safe
from bot.slack.looks.modals import ANSWER_CHARACTERS
from bot.slack.looks.rich import (
    TITLE,
    Json,
    Posting,
    actions,
    button,
    confirm,
    context,
    option,
    paragraph,
    plain,
    plain_section,
    posting,
    quote,
    rich_text,
)
from bot.slack.looks.rich import words as leaf

EDIT = "review_edit_form"
WORDS = "words"
PAGE = 5
OPTION_VALUE = 150
BUTTON_VALUE = 2000
Do = Literal["accept", "edit", "reject", "undo", "page"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a button asks for. It goes to Slack and comes back with the click."""

    do: Do
    seen: float  # when the queue that carries it was read
    start: int = 0  # the first item of the page it stands on
    keys: tuple[str, ...] = ()
    person: str | None = None  # instead of keys: all that waits from this person

    def value(self) -> str:
        return json.dumps({name: kept for name, kept in asdict(self).items() if kept}, separators=(",", ":"))


def choice(value: str) -> Choice:
    """Of a button's or an option's value."""
    return Choice(**{"seen": 0.0, **(read := json.loads(value)), "keys": tuple(read.get("keys", ()))})


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the queue, as one reviewer may see it."""

    items: tuple[Waiting, ...]  # at most PAGE
    start: int
    total: int  # how many this reviewer may see
    hidden: int  # how many more wait that this reviewer may not see
    seen: float
    of_person: Mapping[str, int]  # how many wait from each person
    told: str = ""  # what was just done
    undo: tuple[str, ...] = ()


def queue(page: Page) -> Posting:
    heading = words.REVIEW_WAITING.format(n=page.total) if page.total else words.REVIEW_NOTHING
    blocks = [_told(page)] if page.told else []
    blocks.append(plain_section(heading))
    for each in page.items:
        blocks += [
            {"type": "divider"},
            rich_text(*_what(each)),
            context(_about(each)),
            _decisions(each, page),
        ]
    if page.items:
        blocks += [{"type": "divider"}, _of_page(page)]
    if page.hidden:
        blocks.append(context(words.REVIEW_HIDDEN.format(n=page.hidden)))
    return posting(blocks)


def edit_form(each: Waiting, choice: Choice, door: str) -> Json:
    """`door`: the response URL of the queue that is to be shown again afterwards."""
    element: Json = {
        "type": "plain_text_input",
        "action_id": WORDS,
        "multiline": True,
        "max_length": ANSWER_CHARACTERS,
    }
    if each.words:
        element["initial_value"] = cut(safe(each.words), ANSWER_CHARACTERS)
    return {
        "type": "modal",
        "callback_id": EDIT,
        "title": plain(words.REVIEW_EDIT_TITLE, TITLE),
        "submit": plain(words.REVIEW_EDIT_SUBMIT, TITLE),
        "close": plain(words.CANCEL, TITLE),
        "private_metadata": json.dumps({"choice": choice.value(), "door": door}),
        "blocks": [
            rich_text(*_what(each)),
            {
                "type": "input",
                "block_id": WORDS,
                "label": plain(words.CORRECTION_LABEL, 2000),
                "element": element,
            },
        ],
    }


def edited(view: Mapping[str, Any]) -> tuple[Choice, str, str]:
    """Of a sent form: which item, the door it came by, and the words, "" where there are none."""
    kept = json.loads(view["private_metadata"])
    given = ((view["state"]["values"].get(WORDS) or {}).get(WORDS) or {}).get("value") or ""
    return choice(kept["choice"]), str(kept["door"]), str(given).strip()


def _told(page: Page) -> Json:
    block = plain_section(page.told)
    value = Choice("undo", page.seen, page.start, page.undo).value()
    if page.undo and len(value) <= BUTTON_VALUE:
        block["accessory"] = button(words.REVIEW_UNDO, "review_undo", value)
    return block


def _what(each: Waiting) -> list[Json]:
    """The question, what was answered, and what the person says."""
    parts = [paragraph(leaf(cut(one_line(each.question), 300) or words.REVIEW_NO_WORDS, bold=True))]
    answer = each.answer
    if answer is not None:
        said = cut(answer_text(answer), 400) if not answer.abstained else words.REVIEW_ABSTAINED
        parts.append(paragraph([*leaf(words.REVIEW_ANSWERED), *leaf(said)]))
        if not answer.abstained and says_more(answer) and (beside := " ".join(lines(evidence(answer)))):
            parts.append(quote(leaf(cut(beside, 300))))
    parts.append(paragraph(_says(each)))
    return parts


def _says(each: Waiting) -> list[Json]:
    said = []
    given = each.feedback
    if given is not None and given.vote is not None:
        said.append(words.UP_BUTTON if given.vote == "up" else words.DOWN_BUTTON)
    if given is not None and given.reason is not None:
        said.append(dict(words.REASONS).get(given.reason, given.reason))
    leaves = leaf(". ".join(said))
    if each.words:
        leaves += [
            *leaf(f"{'. ' if said else ''}{words.REVIEW_RIGHT}"),
            *leaf(cut(one_line(each.words), 600), bold=True),
        ]
    return leaves or leaf(words.REVIEW_NO_WORDS)


def _about(each: Waiting) -> str:
    """Who, where, when, and why it waits."""
    who = mention(each.person) or literal(cut(each.person, 80)) or words.REVIEW_SOMEBODY
    if each.private_to is not None:
        where = words.REVIEW_PRIVATE
    elif each.channel is None:
        where = words.REVIEW_COMMAND_LINE
    elif each.channel == WORKSPACE:
        where = words.REVIEW_EVERYBODY
    else:
        where = f"<#{escape(one_line(each.channel))}>"
    why = literal(cut(each.why, 300))
    return words.REVIEW_ABOUT_MD.format(who=who, where=where, when=when(each.at), why=why)


def _decisions(each: Waiting, page: Page) -> Json:
    def value(do: Do) -> str:
        return Choice(do, page.seen, page.start, (each.key,)).value()

    reject = button(words.REVIEW_REJECT, "review_reject", value("reject"), "danger")
    if each.taught is not None:
        reject["confirm"] = _confirm(words.REVIEW_FORGET_ASK)
    elements = [
        button(words.REVIEW_ACCEPT, "review_accept", value("accept"), "primary"),
        button(words.REVIEW_EDIT, "review_edit", value("edit")),
        reject,
    ]
    n = page.of_person.get(each.person, 0)
    accept, refuse = (Choice(do, page.seen, page.start, person=each.person).value() for do in _BOTH)
    if n > 1 and max(len(accept), len(refuse)) <= OPTION_VALUE:
        options = [
            option(words.REVIEW_ACCEPT_PERSON.format(n=n), accept),
            option(words.REVIEW_REJECT_PERSON.format(n=n), refuse),
        ]
        ask = _confirm(words.REVIEW_PERSON_ASK.format(n=n))
        elements.append(
            {"type": "overflow", "action_id": "review_person", "options": options, "confirm": ask}
        )
    return actions(*elements)


_BOTH: tuple[Do, Do] = ("accept", "reject")


def _of_page(page: Page) -> Json:
    keys = tuple(each.key for each in page.items)
    accept, refuse = (Choice(do, page.seen, page.start, keys).value() for do in _BOTH)
    elements: list[Json] = []
    if len(keys) > 1 and max(len(accept), len(refuse)) <= BUTTON_VALUE:
        ask = _confirm(words.REVIEW_SHOWN_ASK.format(n=len(keys)))
        elements += [
            {**button(words.REVIEW_ACCEPT_SHOWN, "review_accept_shown", accept), "confirm": ask},
            {**button(words.REVIEW_REJECT_SHOWN, "review_reject_shown", refuse), "confirm": ask},
        ]
    for name, label, start in (
        ("review_back", words.REVIEW_BACK, page.start - PAGE),
        ("review_more", words.REVIEW_MORE, page.start + PAGE),
    ):
        if 0 <= start < page.total:
            elements.append(button(label, name, Choice("page", page.seen, start).value()))
    again = Choice("page", page.seen, page.start).value()
    return actions(*elements, button(words.REVIEW_AGAIN, "review_again", again))


def _confirm(question: str) -> Json:
    return confirm(words.REVIEW_ASK_TITLE, question, words.REVIEW_ASK_YES, words.CANCEL)
