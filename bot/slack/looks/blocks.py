"""What an answer, an abstention and the words around them look like: records in, blocks out, nothing asked of anybody."""

from __future__ import annotations

from bot.records import Answer
from bot.slack import words
from bot.slack.looks.display import (
    answer_text,
    closest,
    evidence,
    gist,
    is_said_whole,
    marked,
    says_more,
    source_name,
)
from bot.slack.looks.markup import cut, mention, one_line
from bot.slack.looks.quoting import shown
from bot.slack.looks.rich import (
    Json,
    Posting,
    actions,
    bullets,
    button,
    context,
    linked,
    mrkdwn_section,
    paragraph,
    plain,
    plain_context,
    plain_section,
    posting,
    rich_text,
)
from bot.slack.looks.rich import words as leaf

FEEDBACK = "feedback"
FEEDBACK_UP = "feedback_up"
FEEDBACK_DOWN = "feedback_down"
CORRECT_THIS = "correct_this"
TEACH_ME = "teach_me"
SHARE = "share_answer"
SOURCE = 300


def reply(
    answer: Answer, *, teacher: str | None = None, plain_buttons: bool = False, share: bool = False
) -> Posting:
    """The message for an answer or an abstention. `teacher`: the name of who taught it, where Slack told it.

    `plain_buttons`: for a Slack that doesn't know feedback buttons yet. `share`: with a button that posts it for all.
    """
    if answer.abstained:
        return abstention(answer, plain_buttons=plain_buttons)
    source = answer.evidence
    blocks = _said(answer)
    if source is not None and (name := source_name(source)) and not (answer.from_memory and not source.link):
        blocks.append(
            rich_text(paragraph([*leaf(words.ANSWER_SOURCE), *linked(cut(name, SOURCE), source.link)]))
        )
    blocks.append(_how_sure(answer, teacher))
    if share:
        blocks.append(actions(button(words.SHARE, SHARE, str(answer.id))))
    blocks.append(feedback(answer, plain_buttons=plain_buttons))
    return posting(blocks)


def _said(answer: Answer) -> list[Json]:
    """The answer and the sentence it stands in; only once where they are the same."""
    beside, whole = evidence(answer), is_said_whole(answer)
    parts = shown(beside, marked(answer), quoted=not whole)
    if whole and parts:
        return [rich_text(*parts)]
    blocks = [rich_text(paragraph(leaf(answer_text(answer), bold=True)))]
    if not answer.grounded:
        blocks.append(context(words.UNGROUNDED))
    return [*blocks, rich_text(*parts)] if parts and says_more(answer) else blocks


def abstention(answer: Answer, *, plain_buttons: bool = False) -> Posting:
    """Says that it doesn't know, and shows the closest it found: perhaps a person sees more in it."""
    nearest = closest(answer.offered)
    blocks: list[Json] = [
        mrkdwn_section(words.DONT_KNOW if answer.offered else words.DONT_KNOW_NOTHING_FOUND)
    ]
    if nearest:
        items = [
            [
                *linked(cut(source_name(each), SOURCE), each.link),
                *leaf(f": {gist(each)}"),
            ]
            for each in nearest
        ]
        blocks.append(rich_text(paragraph(leaf(words.CLOSEST)), bullets(items)))
    blocks.append(actions(button(words.TEACH_ME, TEACH_ME, str(answer.id), "primary")))
    blocks.append(feedback(answer, plain_buttons=plain_buttons))
    return posting(blocks)


def feedback(answer: Answer, *, plain_buttons: bool = False) -> Json:
    if plain_buttons:
        return actions(
            button(words.UP_BUTTON, FEEDBACK_UP, str(answer.id), spoken=words.UP),
            button(words.DOWN_BUTTON, FEEDBACK_DOWN, str(answer.id), spoken=words.DOWN),
        )
    buttons = {
        "type": "feedback_buttons",
        "action_id": FEEDBACK,
        "positive_button": {"text": plain(words.UP, 75), "value": f"up:{answer.id}"},
        "negative_button": {"text": plain(words.DOWN, 75), "value": f"down:{answer.id}"},
    }
    return {"type": "context_actions", "elements": [buttons]}


def offer_correction(answer: Answer, sentence: str = words.DOWN_NOTED) -> Posting:
    """For a thumbs-down that came without a trigger: the button brings one."""
    label, action = (words.TEACH_ME, TEACH_ME) if answer.abstained else (words.CORRECT_THIS, CORRECT_THIS)
    return posting([mrkdwn_section(sentence), actions(button(label, action, str(answer.id)))])


def say(sentence: str) -> Posting:
    """A sentence of ours."""
    return posting([mrkdwn_section(sentence)])


def tell(sentence: str) -> Posting:
    """A sentence of ours that holds words of others."""
    return posting([plain_section(sentence)])


def guide() -> Posting:
    return posting([mrkdwn_section(words.HELP_MD)])


def _how_sure(answer: Answer, teacher: str | None) -> Json:
    sure = words.sure(answer.confidence)
    if answer.taught_by is None:
        return context(words.FROM_MEMORY_UNKNOWN if answer.from_memory else sure)
    # A mention would ping the teacher each time somebody profits; the name alone doesn't.
    shown = f"@{one_line(teacher)}" if teacher else mention(answer.taught_by)
    # What somebody answered in a thread has a message to be looked at; what was taught has none.
    talk = not answer.from_memory and answer.evidence is not None and answer.evidence.link
    taught = words.FROM_TALK_MD if talk else words.FROM_MEMORY_MD
    by = taught.format(person=shown) if shown else words.FROM_MEMORY_UNKNOWN
    said = by if answer.from_memory else f"{sure} · {by}"
    return plain_context(said) if teacher else context(said)
