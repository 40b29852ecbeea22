"""Labelled questions replayed as users' feedback, through the real store, examples, cycle and gate.

Nobody has to wait for real users to see whether the loop learns: the reader in service answers questions of which the
right answer is known, and a user who knows it votes, errs and corrects as told. The state is a folder of its own and
is gone afterwards; only the figures stay.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.errors import DataError
from bot.reading.card import threshold
from bot.reading.item_files import read_items
from bot.reading.items import Item
from bot.reading.protocol import Reader
from bot.reading.scores import RIGHT, evaluate
from bot.reading.squad import f1
from bot.records import Adapter, Answer, Example, Feedback, Offered, Question, Scores
from bot.settings import Settings
from bot.store import Store, feedback, open_store, questions
from training.build import write_build
from training.cycle import Finished, Loop, Options, open_loop, replay, run_cycle

Tell = Callable[[float, str], None]
USER = "simulated"


@dataclass(frozen=True, slots=True)
class Users:
    """How many questions are asked, and how the people who ask them behave."""

    feedback: int
    rounds: int
    flip: float  # share of votes that say the opposite of what their giver thinks
    corrections: float  # share of downs that come with the right answer
    seed: int


def run_simulation(
    settings: Settings,
    stream: Path,
    test: Path,
    users: Users,
    tell: Tell,
    options: Options = Options(),
    loop_over: Callable[[Settings, Store], Loop] = open_loop,
    strict: bool = False,
) -> dict[str, Any]:
    """The figures before and after, as JSON-able data. Raises DataError for files that can't be used or don't suffice."""
    asked, measured_on = _draw(read_items(stream, strict=strict), users), read_items(test, strict=strict)
    with tempfile.TemporaryDirectory(prefix="lorebot-simulation-") as folder:
        home = Path(folder)
        store = open_store(home / "lorebot.db")
        try:
            loop = loop_over(settings.model_copy(update={"home": home}), store)
            return _simulate(loop, asked, measured_on, users, options, tell)
        finally:
            store.close()


def printed(found: dict[str, Any]) -> str:
    """The figures as lines for people."""
    lines = []
    for name in ("before", "candidate", "served", "supervised"):
        scores = found[name]
        lines.append(
            f"{name:11} F1 {scores['f1']:5.1f}  exact match {scores['exact_match']:5.1f}  span F1 {scores['span_f1']:5.1f}  "
            f"silent {scores['abstention_rate']:5.1f} %  calibration error {scores['ece']:4.1f}  {scores['adapter']}"
            if scores
            else f"{name:11} none was trained"
        )
    for each in found["rounds"]:
        lines.append(f"round {each['round']}: {each['decision']}")
        lines += [f"  {reason}" for reason in each["reasons"]]
    return "\n".join(lines)


def _simulate(
    loop: Loop, asked: Sequence[Item], test: Sequence[Item], users: Users, options: Options, tell: Tell
) -> dict[str, Any]:
    whims = random.Random(users.seed)
    steps = users.rounds + 2  # before, the rounds, supervised
    tell(0.0, "measuring the seed")
    seed = loop.registry.seed()
    measured = {seed.id: _scores(loop, seed, test)}
    rounds, candidate = [], None
    for number in range(users.rounds):

        def show(share: float, text: str, number: int = number) -> None:
            tell((1 + number + share) / steps, f"round {number + 1}: {text}")

        share = asked[number * len(asked) // users.rounds : (number + 1) * len(asked) // users.rounds]
        votes = use(loop, share, users, whims)
        finished = run_cycle(loop, by="cli", options=options, show=show)
        rounds.append(_round(number + 1, votes, finished))
        if finished.run.candidate:
            candidate = loop.registry.show(finished.run.candidate)
    for each in filter(None, (candidate, loop.registry.champion())):
        tell((steps - 1) / steps, f"measuring {each.id}")
        if each.id not in measured:
            measured[each.id] = _scores(loop, each, test)
    tell((steps - 1) / steps, "training with labels")
    supervised = _scores(loop, _supervised(loop, asked, options), test)
    return {
        "before": measured[seed.id],
        "candidate": measured[candidate.id] if candidate else None,
        "served": measured[loop.registry.champion().id],
        "supervised": supervised,
        "rounds": rounds,
        "users": asdict(users),
    }


def use(loop: Loop, items: Sequence[Item], users: Users, whims: random.Random) -> dict[str, int]:
    """Questions asked of the reader in service, answers recorded, and each given its feedback. Returns the counts."""
    champion = loop.registry.champion()
    reader = loop.load(Path(champion.folder))
    lowest = threshold(champion.card, loop.min_confidence).value
    counts = {"up": 0, "down": 0, "corrections": 0}
    for item in items:
        answer = _answer(loop.store, reader, item, lowest)
        given = react(answer, item, users, whims)
        feedback.record(loop.store, given)
        counts[given.vote or "up"] += 1
        counts["corrections"] += given.correction is not None
    return counts


def react(answer: Answer, item: Item, users: Users, whims: random.Random) -> Feedback:
    """What a user who knows the right answer says: up where the answer is right, most of the time."""
    said = answer.text or ""
    right = f1(said, item.references) >= RIGHT
    down = right == (whims.random() < users.flip)
    corrects = whims.random() < users.corrections
    given = Feedback(answer.id or 0, USER, "down" if down else "up", "import")
    if not down or not corrects:
        return given
    if item.answerable:
        return replace(given, reason="wrong", correction=item.answers[0].text)
    return given if answer.abstained else replace(given, reason="should_be_silent")


def _answer(store: Store, reader: Reader, item: Item, lowest: float) -> Answer:
    question = questions.record_question(
        store,
        Question("import", f"simulated:{item.id}", item.question, USER, scopes=(), context=item.context),
    )
    texts = [item.context, *item.others]
    reading = reader.read(item.question, texts)
    best = reading.best if reading.confidence >= lowest else None
    return questions.record_answer(
        store,
        Answer(
            question_id=question.id or 0,
            text=best.text if best else None,
            confidence=reading.confidence,
            adapter=reading.adapter,
            offered=tuple(Offered(text, None, item.title, "", None, 0.0) for text in texts),
            candidates=reading.candidates,
            chosen=best.passage if best else None,
            start=best.start if best else 0,
            end=best.end if best else 0,
        ),
    )


def _supervised(loop: Loop, items: Sequence[Item], options: Options) -> Adapter:
    """What the same questions bring with their labels in place of feedback: the ceiling."""
    seed = loop.registry.seed()
    gold = [
        Example(
            item.question,
            item.context,
            "gold" if item.answerable else "silence",
            item.answers[0].start if item.answerable else 0,
            item.answers[0].start + len(item.answers[0].text) if item.answerable else 0,
            references=item.references,
        )
        for item in items
    ]
    build = write_build(
        loop.home / "work" / "supervised",
        base=seed.base,
        base_sha256=seed.base_sha256,
        seed_adapter=Path(seed.folder),
        settings=options.settings,
        examples=[*gold, *replay(loop, len(gold), options)],
        calibration=loop.golden.replay,
        notes={"id": "supervised"},
    )
    return loop.registry.register(
        loop.train(build, loop.home / "work" / "supervised-out", lambda share, text: None)
    )


def _draw(items: Sequence[Item], users: Users) -> list[Item]:
    if len(items) < users.feedback:
        raise DataError(
            f"Found {len(items)} questions in the stream; expected at least {users.feedback}: ask for less."
        )
    return random.Random(users.seed).sample(list(items), users.feedback)


def _round(number: int, votes: dict[str, int], finished: Finished) -> dict[str, Any]:
    data = finished.as_data()
    return {
        "round": number,
        "feedback": votes,
        **{key: value for key, value in data.items() if key != "report"},
    }


def _scores(loop: Loop, adapter: Adapter, items: Sequence[Item]) -> dict[str, Any]:
    reader = loop.load(Path(adapter.folder))
    lowest = threshold(adapter.card, loop.min_confidence).value
    scores, _ = evaluate(reader, items, min_confidence=lowest)
    return _as_printed(scores)


def _as_printed(scores: Scores) -> dict[str, Any]:
    found = asdict(scores)
    p50, p95 = found.pop("latency_p50_ms"), found.pop("latency_p95_ms")
    return {**found, "latency_ms": {"p50": p50, "p95": p95}}
