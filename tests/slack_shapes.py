"""Everything that the room can show, made of one text: each function that makes a message or a view, given it wherever
a document's or a person's words go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.insights import AskedBefore, Figures, SaidBefore, Wanted
from bot.records import (
    Adapter,
    Answer,
    ChannelSettings,
    Feedback,
    Offered,
    Passage,
    Promotion,
    Question,
    Run,
    Verdict,
)
from bot.reviewing import Waiting
from bot.slack.admin import config_blocks, notices, review_blocks, run_blocks
from bot.slack.admin.review_blocks import Choice, Page
from bot.slack.feedback import still_true
from bot.slack.home import home_blocks
from bot.slack.home.desk_blocks import Desk, Schedule
from bot.slack.home.home_blocks import Own
from bot.slack.looks import blocks, modals
from bot.slack.looks.modals import Place
from bot.slack.looks.rich import Posting
from bot.slack.services import Status, Votes
from bot.slack.talk import about, sharing
from bot.store.tallies import Counted
from bot.watching import Notice, Standoff, Tally

Json = dict[str, Any]
PERSON = "U0PRIYA"
LINK = "https://wiki.test/leave"
DOOR = "https://hooks.test/" + "x" * 200
PLACE = Place("C0GENERAL", 5, DOOR)
Shapes = dict[str, Posting | Json]


def answers(text: str) -> dict[str, Answer]:
    """An answer in a sentence, one that is the whole sentence, a taught one, one in its own words, an abstention."""
    said = f"Before {text} after it all."
    offered = Offered(said, 7, text, f"{text} > {text}", LINK, 0.5)
    thread = Offered(text, None, "This thread", "", None, 0.0)
    many = tuple(replace(offered, passage_id=number, title=f"{text} {number}") for number in range(40))
    span = Answer(1, text, 0.82, "reader-1", (offered, thread, *many), (), 0, 7, 7 + len(text), said, 0, id=5)
    return {
        "span": span,
        "whole": replace(span, text=said),
        "taught": replace(span, from_memory=True, taught_by=PERSON, adapter="memory"),
        "from the thread": replace(span, chosen=1, start=0, end=len(text), sentence=text),
        "abstention": replace(span, text=None, chosen=None, sentence="", start=0, end=0),
    }


def shapes(text: str) -> Shapes:
    """By the name of what made it."""
    made: Shapes = {}
    for name, answer in answers(text).items():
        for plain in (False, True):
            made[f"blocks.reply {name} {plain}"] = blocks.reply(answer, teacher=text, plain_buttons=plain)
        made[f"blocks.reply shared {name}"] = blocks.reply(answer, share=True)
        made[f"sharing.shared {name}"] = sharing.shared(blocks.reply(answer), _question(text), text)
        made[f"modals.correction {name}"] = modals.correction(answer, text, PLACE, answer.offered)
    answer = answers(text)["span"]
    made |= {
        "blocks.abstention": blocks.abstention(answers(text)["abstention"]),
        "blocks.tell": blocks.tell(text),
        "blocks.offer_correction": blocks.offer_correction(answer),
        "blocks.say": blocks.say("Our own words."),
        "blocks.guide": blocks.guide(),
        "modals.teach": modals.teach(text, PLACE, text),
        "modals.one_moment": modals.one_moment(),
        "about.form": about.form(_shortcut(text)),
        "still_true.question": still_true.question(_waiting(text)[2].taught, 1.8e9),  # type: ignore[arg-type]
        "notices.posting": notices.posting(Notice("rolled_back", "reader-1", "reader-2", text)),
        "config_blocks.told": config_blocks.told(PERSON, ["It answers questions."]),
        "config_blocks.form": config_blocks.form(
            config_blocks.Place(public=True, outside=True, tells=False), ChannelSettings("C1"), "{}"
        ),
        "config_blocks.notice": config_blocks.notice("Our own words."),
    }
    return {**made, **_runs(text), **_reviews(text), **_home(text)}


def _runs(text: str) -> Shapes:
    verdict = Verdict(
        "reject", (text,) * 30, {"golden": {"champion": {"f1": 60.0}, "candidate": {"f1": 61.25}}}
    )
    run = Run(by=PERSON, stage=text, detail=text, candidate="reader-2", verdict=verdict, id=3)
    return {
        "run_blocks.starting": run_blocks.starting(),
        "run_blocks.progress": run_blocks.progress(run),
        "run_blocks.outcome": run_blocks.outcome(replace(run, state="done")),
        "run_blocks.outcome failed": run_blocks.outcome(replace(run, state="failed", error=text)),
        "run_blocks.outcome cancelled": run_blocks.outcome(replace(run, state="failed", cancel=PERSON)),
        "run_blocks.swapped": run_blocks.swapped(Promotion("reader-1", "cli", text)),
        "run_blocks.status": run_blocks.status(_status(run)),
    }


def _reviews(text: str) -> Shapes:
    page = Page(
        tuple(_waiting(text)), 0, 30, 4, 1.7e9, {PERSON: 3, text: 2}, told=text, undo=("5:U1", "6:U1")
    )
    edit = Choice("edit", 1.7e9, 0, ("5:U1",))
    return {
        "review_blocks.queue": review_blocks.queue(page),
        "review_blocks.queue empty": review_blocks.queue(Page((), 0, 0, 0, 1.7e9, {})),
        "review_blocks.edit_form": review_blocks.edit_form(_waiting(text)[0], edit, DOOR),
    }


def _home(text: str) -> Shapes:
    question, answer = _question(text), answers(text)["span"]
    given = Feedback(5, PERSON, "down", "button", "wrong", text, given_at=1.7e9)
    own = Own(
        (AskedBefore(question, answer, "up"), AskedBefore(question, None, None)),
        (SaidBefore(given, "waits", text, question, answer), SaidBefore(given, "learned", "reader-1")),
        tuple(_waiting(text)),
    )
    run = Run(by=PERSON, stage=text, detail=text, error=text, state="failed", finished_at=1.7e9, id=3)
    desk = Desk(
        Figures(1.7e9, (Counted(3, 1, 2, 1),) * 30),
        (Wanted(question, 3, 2),) * 10,
        _status(Run(by=PERSON, stage=text, detail=text, id=4)),
        (Adapter("reader-2", "b", "0", "0", "/", card={"data": {"examples": {"up": 3}}}),) * 3,
        3,
        4,
        tuple(ChannelSettings(f"C{number}", learns=True, history=True) for number in range(30)),
        Schedule(1.8e9, "22:00-06:00", 20, (run,) * 5),
    )
    return {
        "home_blocks.home": home_blocks.home(own, desk, told=text, chart="F1"),
        "home_blocks.home member": home_blocks.home(Own()),
        "home_blocks.page": home_blocks.page(blocks.tell(text)),
        "home_blocks.view": home_blocks.view(blocks.tell(text).blocks),
    }


def _status(run: Run) -> Status:
    trial = Standoff("reader-3", "reader-2", Tally(3, 5), Tally(2, 5), 1.7e9, 0.2)
    return Status(
        "reader-2", {"f1": 71.2}, 1.7e9, 3, 40, 2, 12, 9, 3, Votes(5, 2, 1), Votes(), run, 1.8e9, trial
    )


def _waiting(text: str) -> list[Waiting]:
    given = Feedback(5, PERSON, "down", "button", "wrong", text, given_at=1.7e9)
    lesson = Passage(
        1, "C1", text, "", f"{text}\n{text}", 0, 0, question=text, answer_start=len(text) + 1, id=9
    )
    said = Waiting("5:U1", PERSON, text, text, 1.7e9, "C1", answer=answers(text)["span"], feedback=given)
    return [
        said,
        replace(said, person=text, channel=None, answer=answers(text)["abstention"]),
        Waiting("taught:9", PERSON, text, text, 1.7e9, "C1", taught=lesson),
    ]


def _question(text: str) -> Question:
    return Question("message", "C1:1", text, PERSON, channel="C1", asked_at=1.7e9, id=1)


def _shortcut(text: str) -> Json:
    message = {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), "user": PERSON}
    return {"channel": {"id": "C1"}, "response_url": DOOR, "message": message}


def makers() -> dict[str, Callable[..., object]]:
    """Every function of the room that makes a message, or a whole view: each has to be among the shapes."""
    modules = (
        about,
        blocks,
        config_blocks,
        home_blocks,
        modals,
        notices,
        review_blocks,
        run_blocks,
        sharing,
        still_true,
    )
    found = {}
    for module in modules:
        for name, made in vars(module).items():
            if (
                getattr(made, "__module__", "") != module.__name__
                or name.startswith("_")
                or isinstance(made, type)
            ):
                continue
            returns = getattr(made, "__annotations__", {}).get("return")
            if returns == "Posting" or (returns == "Json" and name not in PARTS):
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = made
    return found


PARTS = ("feedback", "cancel_button", "asking")
"""Pieces of a message rather than one."""
