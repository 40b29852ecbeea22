"""`lorebot feedback`: what people said about answers, in and out as JSON lines, and what of it waits for a reviewer."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import DataError
from bot.settings import load_settings

if TYPE_CHECKING:
    from bot.records import Decision
    from bot.reviewing import Waiting
    from bot.store import Store
    from bot.trust import Rules

    Chosen = dict[Decision, tuple[list[str] | None, list[str] | None]]
    """By decision: the keys, and the persons whose everything it is about."""

app = typer.Typer(help="Feedback: import, export, review.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Keys = Annotated[list[str] | None, typer.Option(metavar="ANSWER:PERSON", help="May be given again.")]
Edits = Annotated[
    list[str] | None,
    typer.Option(metavar="ANSWER:PERSON=WORDS", help="Accept with these words as the right answer."),
]
People = Annotated[list[str] | None, typer.Option(metavar="USER", help="All that waits from this person.")]
BY = "cli"


@app.command(epilog="Example: lorebot feedback export feedback.jsonl")
def export(file: Path, as_json: Json = False) -> None:
    """Write every piece of feedback with its question, answer and the passages offered: one JSON object a line."""
    from bot import app as root
    from bot.exchange import export_feedback

    with root.opened(load_settings()) as store:
        n = export_feedback(store, file)
    typer.echo(
        json.dumps({"file": str(file), "feedback": n})
        if as_json
        else f"{n} pieces of feedback written to {file}"
    )


@app.command("import", epilog="Example: lorebot feedback import feedback.jsonl")
def import_(file: Path, as_json: Json = False) -> None:
    """Read feedback that `export` wrote; what is known already is left as it is. All lines or none."""
    from bot import app as root
    from bot.exchange import import_feedback

    with root.opened(load_settings()) as store:
        n = import_feedback(store, file)
    typer.echo(
        json.dumps({"file": str(file), "feedback": n})
        if as_json
        else f"{n} pieces of feedback read from {file}"
    )


@app.command(epilog="Example: lorebot feedback review --accept 12:U024BE7LH --reject-person U0SPAM")
def review(
    accept: Keys = None,
    reject: Keys = None,
    edit: Edits = None,
    accept_person: People = None,
    reject_person: People = None,
    private: Annotated[
        bool,
        typer.Option("--private", help="Show what was asked in private channels and direct messages too."),
    ] = False,
    as_json: Json = False,
) -> None:
    """What waits for a reviewer, oldest first: feedback that isn't trusted yet, and answers taught in one channel.

    Asks about each, or does what the options say and asks nothing. Whoever reviews again changes the decision.
    What was asked in private is listed without a word of it, and left out of decisions about a whole person, unless
    --private is given; so is what was asked in channels of which Slack hasn't said yet that they are public.
    """
    from bot import app as root
    from bot.trust import Rules

    settings = load_settings()
    with root.opened(settings) as store:
        rules = Rules.of(settings)
        chosen: Chosen = {
            "accept": (accept, accept_person),
            "reject": (reject, reject_person),
            "edit": (edit, None),
        }
        if any(each for pair in chosen.values() for each in pair):
            done = _decide_all(store, rules, chosen, private)
            told = ", ".join(f"{len(keys)} {_PAST[decision]}" for decision, keys in done.items() if keys)
            typer.echo(json.dumps(done) if as_json else f"{told or 'Nothing'}.")
        elif as_json:
            typer.echo(json.dumps({"waiting": _listed(store, rules, private)}))
        else:
            _ask(store, rules, private)


_PAST = {"accept": "accepted", "reject": "rejected", "edit": "accepted with other words"}
_CHOICES: dict[str, tuple[Decision, bool]] = {
    "a": ("accept", False),
    "r": ("reject", False),
    "e": ("edit", False),
    "A": ("accept", True),
    "R": ("reject", True),
}
"""What a key decides, and whether about all of the person."""


def _decide_all(store: Store, rules: Rules, chosen: Chosen, private: bool) -> dict[str, list[str]]:
    """All of it or nothing; the keys that were decided, by decision."""
    from bot import reviewing

    done: dict[str, list[str]] = {decision: [] for decision in chosen}
    with store.write():
        for decision, (keys, persons) in chosen.items():
            for key in keys or ():
                key, sign, words = key.partition("=") if decision == "edit" else (key, "", "")
                if decision == "edit" and not sign:
                    raise DataError(
                        f"found no words in --edit {key!r}; expected ANSWER:PERSON=WORDS: add them"
                    )
                found = [reviewing.find(store, key)]
                done[decision] += _keys(reviewing.decide(store, found, decision, by=BY, words=words or None))
            for person in persons or ():
                found = [each for each in _shown(store, rules, private)[0] if each.person == person]
                if not found:
                    raise DataError(
                        f"found nothing of {person} that waits; expected some: see lorebot feedback review --json"
                        " (what was asked in private needs --private)"
                    )
                done[decision] += _keys(reviewing.decide(store, found, decision, by=BY))
    return done


def _ask(store: Store, rules: Rules, private: bool) -> None:
    """Goes through the queue with somebody at the keyboard."""
    from bot import reviewing

    seen = time.time()
    shown, hidden = _shown(store, rules, private)
    settled: set[str] = set()
    for number, each in enumerate(shown, 1):
        if each.key in settled:
            continue
        typer.echo(f"\n[{number}/{len(shown)}] {_described(each)}")
        choice = typer.prompt(
            "[a]ccept, [e]dit, [r]eject, [A]ccept or [R]eject all of this person, [s]kip, [q]uit", default="s"
        ).strip()[:1]
        if choice in ("q", "Q"):
            break
        if choice not in _CHOICES:
            continue
        decision, whole_person = _CHOICES[choice]
        items = [each]
        if whole_person:
            items = [one for one in shown if one.person == each.person and one.key not in settled]
            if not typer.confirm(f"{decision.capitalize()} all {len(items)} of {each.person}?"):
                continue
        words = _words(each) if decision == "edit" else None
        done = reviewing.decide(store, items, decision, by=BY, words=words, seen=seen)
        settled.update(each.key for each in items)
        if len(done) < len(items):
            typer.echo("Something changed meanwhile and still waits: run this again.")
    typer.echo("Done." if shown else "Nothing waits.")
    if hidden:
        typer.echo(f"{len(hidden)} more were asked in private; --private shows them.")


def _words(each: Waiting) -> str:
    keep = " (Enter keeps what they say)" if each.words else ""
    return str(typer.prompt(f"The right answer{keep}", default=each.words or None, show_default=False))


def _shown(store: Store, rules: Rules, private: bool) -> tuple[list[Waiting], list[Waiting]]:
    """What waits and may be shown, and what else waits."""
    from bot import reviewing

    public, waiting = reviewing.public_channels(store), reviewing.waiting(store, rules)
    shown = [each for each in waiting if private or public(each)]
    return shown, [] if private else [each for each in waiting if not public(each)]


def _listed(store: Store, rules: Rules, private: bool) -> list[dict[str, Any]]:
    """One row for each that waits; what is hidden has no words in it."""
    from bot import reviewing

    public = reviewing.public_channels(store)
    return [_row(each, public(each), private) for each in reviewing.waiting(store, rules)]


def _row(each: Waiting, public: bool, private: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": each.key,
        "kind": "taught" if each.taught is not None else "feedback",
        "person": each.person,
        "channel": each.channel,
        "private": not public,
        "why": each.why,
        "at": each.at,
    }
    if not public and not private:
        return row
    row |= {"question": each.question, "words": each.words}
    if each.answer is not None and each.feedback is not None:
        said = {"vote": each.feedback.vote, "reason": each.feedback.reason}
        row |= {"answer": each.answer.text, "sentence": each.answer.sentence, **said}
    return row


def _described(each: Waiting) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.at))
    where = "in private" if each.private_to is not None else each.channel or "on the command line"
    lines = [f"{each.person or 'somebody'}, {where}, {when}: {each.why}", f"  {each.question}"]
    answer, given = each.answer, each.feedback
    if answer is not None:
        lines.append(f"  answered: {'that it does not know' if answer.text is None else answer.text}")
        if answer.sentence and answer.sentence != answer.text:
            lines.append(f"  standing in: {answer.sentence}")
    if given is not None and (given.vote or given.reason):
        lines.append(f"  says: {', '.join(filter(None, (given.vote, given.reason)))}")
    if each.words:
        lines.append(f"  -> {each.words}")
    # One line each, without what could steer a terminal.
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)


def _keys(items: Sequence[Waiting]) -> list[str]:
    return [each.key for each in items]
