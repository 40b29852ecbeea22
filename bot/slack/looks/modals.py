"""The two forms: what was wrong with an answer, and what the answer to a question is. Views out, what was filled in back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast, get_args

from bot.records import Answer, Offered, Reason
from bot.slack import words
from bot.slack.looks.display import answer_text, source_name, without_markdown
from bot.slack.looks.markup import cut, one_line, safe
from bot.slack.looks.rich import TITLE, Json, option, paragraph, plain, plain_section, rich_text
from bot.slack.looks.rich import words as leaf

CORRECTION = "correction"
TEACH = "teach"
ANSWER_CHARACTERS = 2000
QUESTION_CHARACTERS = 500
PASSAGES = 20
NONE = "none"


@dataclass(frozen=True, slots=True)
class Place:
    """What a form has to remember until it is sent: which answer it is about, and where it was opened."""

    channel: str
    answer_id: int | None = None
    response_url: str | None = None
    ts: str | None = None  # these two: of the message that is taught, and who wrote it
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody filled in about an answer."""

    reason: Reason | None
    text: str | None
    passage_id: int | None


def correction(answer: Answer, question: str, place: Place, offered: Sequence[Offered]) -> Json:
    """`offered`: the passages to choose from, those that whoever opens the form may see."""
    about = [*leaf(f"{cut(one_line(question), 300)}\n"), *leaf(cut(answer_text(answer), 600), bold=True)]
    reasons = {
        "type": "radio_buttons",
        "action_id": "reason",
        "options": [option(text, value) for value, text in words.REASONS],
    }
    blocks = [
        rich_text(paragraph(about)),
        _input("reason", words.REASON_LABEL, reasons),
        _input(
            "correction",
            words.CORRECTION_LABEL,
            _text_input("correction", ANSWER_CHARACTERS),
            words.CORRECTION_HINT,
            optional=True,
        ),
    ]
    if passages := _passages(offered):
        select = {"type": "static_select", "action_id": "passage", "options": passages}
        blocks.append(_input("passage", words.PASSAGE_LABEL, select, optional=True))
    return _modal(CORRECTION, words.CORRECTION_TITLE, words.CORRECTION_SUBMIT, blocks, place)


def teach(question: str, place: Place, answer: str = "") -> Json:
    asked = _text_input("question", QUESTION_CHARACTERS, shown_question(question), multiline=False)
    blocks = [
        _input("question", words.TEACH_QUESTION_LABEL, asked, words.TEACH_QUESTION_HINT),
        _input(
            "answer",
            words.TEACH_ANSWER_LABEL,
            _text_input("answer", ANSWER_CHARACTERS, answer),
            words.CORRECTION_HINT,
        ),
    ]
    return _modal(TEACH, words.TEACH_TITLE, words.TEACH_SUBMIT, blocks, place)


def one_moment() -> Json:
    """What stands in for a form that needs a look at Slack first: the trigger doesn't wait so long."""
    return {
        "type": "modal",
        "callback_id": f"{TEACH}_waiting",
        "title": plain(words.TEACH_TITLE, TITLE),
        "close": plain(words.CANCEL, TITLE),
        "blocks": [plain_section(words.ONE_MOMENT)],
    }


def shown_question(question: str) -> str:
    """As the form shows it, to tell afterwards whether somebody changed it."""
    return cut(one_line(question), QUESTION_CHARACTERS)


# What comes back


def place_of(view: Mapping[str, Any]) -> Place:
    return Place(**json.loads(view["private_metadata"]))


def read_correction(view: Mapping[str, Any], answer: Answer) -> tuple[Correction, dict[str, str]]:
    """What was filled in, and a sentence for each block where it doesn't do."""
    values = view["state"]["values"]
    chosen = _chosen(values, "reason")
    reason = cast(Reason, chosen) if chosen in get_args(Reason) else None
    text = _written(values, "correction") or None
    picked = _chosen(values, "passage")
    passage_id = int(picked) if picked and picked != NONE else None
    errors: dict[str, str] = {}
    if reason is None:
        errors["reason"] = words.REASON_NEEDED
    elif text is None and reason == "wrong":
        errors["correction"] = words.ANSWER_NEEDED
    elif text is not None and reason == "should_be_silent":
        errors["correction"] = words.ANSWER_WITH_SILENCE
    elif text is not None and reason in ("wrong", "outdated") and _same(text, answer.text or ""):
        errors["correction"] = words.ANSWER_SAME
    return Correction(reason, text, passage_id), errors


def read_teach(view: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Question, answer, and a sentence for each block where it doesn't do."""
    values = view["state"]["values"]
    question, answer = one_line(_written(values, "question")), _written(values, "answer")
    errors = {}
    if not question:
        errors["question"] = words.QUESTION_NEEDED
    if not answer:
        errors["answer"] = words.TEACH_ANSWER_NEEDED
    return question, answer, errors


def _modal(callback_id: str, title: str, submit: str, blocks: list[Json], place: Place) -> Json:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, TITLE),
        "submit": plain(submit, TITLE),
        "close": plain(words.CANCEL, TITLE),
        "private_metadata": json.dumps(asdict(place)),
        "blocks": blocks,
    }


def _input(block_id: str, label: str, element: Json, hint: str = "", *, optional: bool = False) -> Json:
    made: Json = {"type": "input", "block_id": block_id, "label": plain(label, 2000), "element": element}
    if hint:
        made["hint"] = plain(hint, 2000)
    return {**made, "optional": True} if optional else made


def _text_input(action_id: str, most: int, initial: str = "", *, multiline: bool = True) -> Json:
    made: Json = {
        "type": "plain_text_input",
        "action_id": action_id,
        "multiline": multiline,
        "max_length": most,
    }
    initial = cut(safe(initial), most)
    return {**made, "initial_value": initial} if initial.strip() else made


def _passages(offered: Sequence[Offered]) -> list[Json]:
    """The passages that were offered to the reader, numbered, because their names may be alike."""
    options: list[Json] = []
    seen: set[int] = set()
    for each in offered:
        if each.passage_id is None or each.passage_id in seen or len(options) == PASSAGES:
            continue
        seen.add(each.passage_id)
        text = f"{len(options) + 1}. {source_name(each)}"
        options.append(option(text, str(each.passage_id), without_markdown(each.text)))
    return [*options, option(words.PASSAGE_NONE, NONE)] if options else []


def _chosen(values: Mapping[str, Any], name: str) -> str | None:
    chosen = ((values.get(name) or {}).get(name) or {}).get("selected_option")
    return str(chosen["value"]) if chosen else None


def _written(values: Mapping[str, Any], name: str) -> str:
    return str(((values.get(name) or {}).get(name) or {}).get("value") or "").strip()


def _same(one: str, other: str) -> bool:
    return one_line(one).casefold().strip(" .") == one_line(other).casefold().strip(" .")
