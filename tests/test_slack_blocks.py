"""What is shown: readable, within Slack's limits, and harmless whatever a document says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from slack_stage import elements, texts

from bot.playground.blocks import message_faults, view_faults
from bot.records import Answer, Candidate, Offered, Promotion, Run, Verdict
from bot.slack import words
from bot.slack.admin import run_blocks
from bot.slack.looks import blocks, modals
from bot.slack.looks.display import gist, without_markdown
from bot.slack.looks.modals import Place
from bot.slack.services import Status, Votes

SENTENCE = "You get 28 days of leave, and 28 days it stays."
PASSAGE = Offered(SENTENCE, 7, "Annual leave", "Annual leave > How much", "https://wiki.test/leave", 0.8)
ANSWER = Answer(1, "28 days", 0.82, "reader-1", (PASSAGE,), (), 0, 30, 37, SENTENCE, 0, id=5)
ABSTAINED = replace(ANSWER, text=None, chosen=None, confidence=0.1, sentence="", start=0, end=0)
HOSTILE = [
    "<!channel> come here",
    "<@U1> see <http://evil.test|your bank>",
    "```code``` and `more` and ~gone~",
    "*** _ * _ ** stars",
    "x" * 10_000,
    "line\n\n\nline\nline",
    "مرحبا بالعالم \u202egnp.exe\u2069",
    "👩‍👩‍👧‍👦 :tada: 🎉",
    "a & b < c > d &amp; &lt;!here&gt;",
    "\x00\x07 bell",
    " ",
]


def hostile_answer(text: str) -> Answer:
    said = f"Before {text} after."
    offered = Offered(said, 7, text, f"{text} > {text}", "javascript:alert(1)", 0.5)
    return replace(ANSWER, text=text, offered=(offered,), start=7, end=7 + len(text), sentence=said)


def mrkdwn(posting) -> str:
    return "\n".join(each["text"] for each in elements(posting.blocks, "mrkdwn"))


def test_an_answer_shows_itself_its_sentence_its_source_and_how_sure_it_is():
    posting = blocks.reply(ANSWER)
    shown = texts(posting.blocks)
    assert shown.startswith("28 days\n")
    assert "Annual leave > How much" in shown
    assert "Fairly sure" in shown
    assert "%" not in shown, "confidence is said in words"
    assert elements(posting.blocks, "link")[0]["url"] == "https://wiki.test/leave"
    buttons = elements(posting.blocks, "feedback_buttons")[0]
    assert (buttons["positive_button"]["value"], buttons["negative_button"]["value"]) == ("up:5", "down:5")
    assert "28 days" in posting.text


def test_the_answer_is_bold_where_it_stands_not_where_its_words_stand_first():
    quoted = elements(blocks.reply(ANSWER).blocks, "rich_text_quote")[0]["elements"]
    assert [(each["text"], "style" in each) for each in quoted] == [
        ("You get 28 days of leave, and ", False),
        ("28 days", True),
        (" it stays.", False),
    ]


@pytest.mark.parametrize(
    ("confidence", "said"),
    [
        (1.0, "Sure"),
        (0.9, "Sure"),
        (0.89, "Fairly sure"),
        (0.7, "Fairly sure"),
        (0.5, "Not sure: please check"),
        (0.49, "A guess: please check"),
        (0.0, "A guess: please check"),
    ],
)
def test_how_sure_is_said_in_words(confidence, said):
    assert mrkdwn(blocks.reply(replace(ANSWER, confidence=confidence))) == said


def test_the_readme_explains_every_word_for_how_sure():
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"| {said} | " in readme for _, said in words.SURE)


def test_an_answer_that_is_its_whole_sentence_is_shown_once_with_the_readers_words_in_bold():
    posting = blocks.reply(replace(ANSWER, text=SENTENCE))
    assert not elements(posting.blocks, "rich_text_quote")
    assert [(each["text"], "style" in each) for each in posting.blocks[0]["elements"][0]["elements"]] == [
        ("You get 28 days of leave, and ", False),
        ("28 days", True),
        (" it stays.", False),
    ]
    assert posting.text.count("28 days of leave") == 1


def whole(text: str, words_chosen: str):
    """An answer that says all of `text`, of which the reader chose some words."""
    at = text.index(words_chosen)
    offered = replace(PASSAGE, text=text)
    return replace(
        ANSWER,
        text=text,
        offered=(offered,),
        start=at,
        end=at + len(words_chosen),
        sentence=text,
        sentence_start=0,
    )


def test_an_answer_that_is_a_list_is_shown_as_one():
    listed = "- **Siobhán** Gallagher\n- Marek Põld,\n  in Tartu\n\n- Lina Berg"
    posting = blocks.reply(whole(listed, "Marek Põld"))
    (bulleted,) = elements(posting.blocks, "rich_text_list")
    shown = ["".join(leaf["text"] for leaf in item["elements"]) for item in bulleted["elements"]]
    assert shown == ["Siobhán Gallagher", "Marek Põld, in Tartu", "Lina Berg"]
    assert [leaf["text"] for leaf in elements(bulleted, "text") if "style" in leaf] == ["Marek Põld"]
    assert not elements(posting.blocks, "rich_text_quote")
    assert not message_faults(posting.blocks)


def test_an_answer_that_is_a_table_is_shown_row_by_row_without_its_rules():
    table = "| Room | Seats |\n|---|---|\n| Avocet | 12 |\n| Plover | 4 |"
    (bulleted,) = elements(blocks.reply(whole(table, "12")).blocks, "rich_text_list")
    shown = ["".join(leaf["text"] for leaf in item["elements"]) for item in bulleted["elements"]]
    assert shown == ["Room · Seats", "Avocet · 12", "Plover · 4"]


def test_an_answer_from_memory_names_its_teacher_without_pinging():
    taught = replace(ANSWER, from_memory=True, taught_by="U0PRIYA", text=SENTENCE, start=0, end=len(SENTENCE))
    assert "Taught by @Priya" in texts(blocks.reply(taught, teacher="Priya").blocks)
    assert "Taught by" not in mrkdwn(blocks.reply(taught, teacher="Priya")), "a name formats nothing"
    assert "<@U0PRIYA>" in mrkdwn(blocks.reply(taught))
    assert words.FROM_MEMORY_UNKNOWN in mrkdwn(blocks.reply(replace(taught, taught_by="cli")))
    assert not elements(blocks.reply(taught).blocks, "rich_text_quote")  # the sentence is the answer itself


def test_what_somebody_answered_in_a_thread_is_not_said_to_be_taught():
    read = replace(ANSWER, taught_by="U0PRIYA")  # its source is a message, with a link to it
    assert "Answered by @Priya" in texts(blocks.reply(read, teacher="Priya").blocks)
    lesson = replace(read, offered=tuple(replace(each, link=None) for each in read.offered))
    assert "Taught by @Priya" in texts(blocks.reply(lesson, teacher="Priya").blocks)


def test_an_abstention_says_so_and_shows_the_closest_passages_once_each():
    offered = (
        PASSAGE,
        replace(PASSAGE, text="again"),
        replace(PASSAGE, title="Other", heading="", text="word " * 200, link=None),
    )
    posting = blocks.reply(
        replace(ABSTAINED, offered=(*offered, replace(PASSAGE, passage_id=None, title="This thread")))
    )
    shown = texts(posting.blocks)
    assert words.DONT_KNOW in shown
    assert shown.count("Annual leave > How much") == 1
    assert "This thread" not in shown
    assert max(len(each["text"]) for each in elements(posting.blocks, "text")) < 250
    assert elements(posting.blocks, "button")[0]["action_id"] == blocks.TEACH_ME
    assert elements(posting.blocks, "feedback_buttons")


def test_an_abstention_with_nothing_found_still_offers_to_be_taught():
    posting = blocks.reply(replace(ABSTAINED, offered=()))
    assert words.DONT_KNOW_NOTHING_FOUND in texts(posting.blocks)
    assert not message_faults(posting.blocks)


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_document_says_slack_takes_it_and_nobody_is_pinged(text):
    shapes = [
        blocks.reply(hostile_answer(text)),
        blocks.reply(replace(hostile_answer(text), text=None)),
        blocks.tell(text),
    ]
    shapes += [blocks.reply(hostile_answer(text), teacher=text, plain_buttons=True)]
    for posting in shapes:
        assert not message_faults(posting.blocks)
        assert all(each["text"] for each in elements(posting.blocks, "text"))
        assert len(posting.text) <= 3000
        assert "<" not in posting.text
        assert "<" not in mrkdwn(posting)
        assert "javascript" not in json.dumps(posting.blocks)
        assert not {"\u202e", "\u2069", "\x00"} & set(json.dumps(posting.blocks, ensure_ascii=False))
        assert not elements(posting.blocks, "user")
        assert not elements(posting.blocks, "broadcast")


@pytest.mark.parametrize("text", HOSTILE)
def test_forms_stay_within_slacks_limits_whatever_was_asked(text):
    place = Place("C1", 5, "https://hooks.test/" + "x" * 200)
    many = tuple(
        replace(PASSAGE, passage_id=number, title=text, heading=text, text=text) for number in range(50)
    )
    assert not view_faults(modals.correction(hostile_answer(text), text, place, many))
    assert not view_faults(modals.teach(text, place))


@pytest.mark.parametrize("text", HOSTILE)
def test_reports_stay_within_slacks_limits_whatever_went_wrong(text):
    verdict = Verdict(
        "reject", (text,) * 30, {"golden": {"champion": {"f1": 60.0}, "candidate": {"f1": 61.25}}}
    )
    run = Run(by="U1", stage=text, detail=text, candidate=text, verdict=verdict)
    for posting in (
        run_blocks.progress(run),
        run_blocks.outcome(replace(run, state="done")),
        run_blocks.outcome(replace(run, state="failed", error=text)),
        run_blocks.swapped(Promotion(text, "cli", text)),
        run_blocks.status(Status(champion=text, running=run)),
    ):
        assert not message_faults(posting.blocks)
        assert "<!channel" not in mrkdwn(posting)
        assert "<!channel" not in posting.text


def test_markdown_of_a_document_is_read_not_shown():
    assert without_markdown("## Leave\n- You get **28 days** of `leave`") == "Leave You get 28 days of leave"
    assert without_markdown("| Leave | Days |\n|---|---|\n| Annual | 28 |") == "Leave · Days Annual · 28"
    assert without_markdown("See [the wiki](https://x.test/a)") == "See the wiki"


def test_bold_signs_around_the_answer_vanish_without_glueing_words():
    said = "- You get **28 days** of leave."
    answer = replace(
        ANSWER,
        sentence=said,
        offered=(replace(PASSAGE, text=said),),
        start=said.find("28"),
        end=said.find("28") + 7,
    )
    quoted = elements(blocks.reply(answer).blocks, "rich_text_quote")[0]["elements"]
    assert "".join(each["text"] for each in quoted) == "You get 28 days of leave."


def test_progress_shows_stage_bar_and_percentage():
    shown = texts(
        run_blocks.progress(Run(by="U1", stage="training", progress=0.42, detail="step 10 of 24")).blocks
    )
    assert "training, 42%" in shown
    assert "████████░░░░░░░░░░░░" in shown
    assert "step 10 of 24" in shown


def test_a_verdict_shows_figures_before_and_after_and_its_reasons():
    golden = {"champion": {"f1": 60.04, "ece": None}, "candidate": {"f1": 66.6, "ece": 3.0}}
    corrected = {"n": 31, "champion_f1": 20.0, "candidate_f1": 45.0}
    numbers = {
        "champion": "a",
        "candidate": "b",
        "golden": golden,
        "held_out": {"correction": corrected, "up": {"n": 0}},
    }
    run = Run(by="U1", state="done", promoted=True, verdict=Verdict("promote", ("F1 rose by 6.6",), numbers))
    shown = texts(run_blocks.outcome(run).blocks)
    assert words.RUN_PROMOTED in shown
    assert "F1: 60.0 → *66.6*" in shown
    assert "F1 on corrected answers (31): 20.0 → *45.0*" in shown
    assert "upvoted" not in shown
    assert "Calibration" not in shown
    assert "• F1 rose by 6.6" in shown


def test_the_status_tells_what_serves_and_what_it_knows():
    status = Status(
        "reader-2", {"f1": 71.23}, 1.7e9, 3, 40, 2, 12, 9, 3, Votes(5, 2, 1), Votes(1, 1, 0), None, 1.8e9
    )
    shown = texts(run_blocks.status(status).blocks)
    for part in (
        "reader-2",
        "F1 71.2",
        "3 documents, 40 passages, 2 taught",
        "12 questions, 9 answered, 3 not known",
        "5 up, 2 down",
    ):
        assert part in shown
    assert "<!date^1800000000^" in shown
    by_set = Status("reader-2", {"calibration items": {"span_f1": 48.9}})
    assert "48.9" in texts(run_blocks.status(by_set).blocks)


def test_an_answer_in_words_that_stand_nowhere_warns_and_puts_no_word_of_the_sentence_in_bold():
    own = Candidate(0, 0, len(SENTENCE), "about a month", 1.0, -0.5, 0.82, grounded=False)
    posting = blocks.reply(
        replace(ANSWER, text="about a month", candidates=(own,), start=0, end=len(SENTENCE))
    )
    shown = texts(posting.blocks)
    assert shown.index("about a month") < shown.index(SENTENCE)
    assert words.UNGROUNDED in mrkdwn(posting)
    assert words.UNGROUNDED in posting.text
    bold = [each["text"] for each in elements(posting.blocks, "text") if each.get("style", {}).get("bold")]
    assert bold == ["about a month"]
    assert words.UNGROUNDED not in mrkdwn(blocks.reply(ANSWER))


def test_the_closest_passages_begin_with_what_they_say_not_with_their_headings() -> None:
    said = "Visitors park **behind** the house, in the spaces\nmarked V.\n\n| Space | For |\n|---|---|\n| V1 | post |"
    text = f"# Parking\n\n## Where\n\n{said}"
    near = Offered(text, 1, "Parking", "Parking > Where", None, 0.8)
    assert gist(near) == "Visitors park behind the house, in the spaces marked V. Space · For V1 · post"
    assert gist(replace(near, text="# Parking")) == "Parking"
