"""Labelled questions replayed as people's feedback, through the real store, examples, cycle and gate.

Nobody has to wait for real users to see whether the loop learns: the reader in service answers questions of which the
right answer is known, and people who know it vote, err and correct as told (crowd.py). The state is a folder of its
own and is gone afterwards; only the figures stay.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.errors import DataError
from bot.reading.card import threshold
from bot.reading.generative import Writing
from bot.reading.hashes import file_sha256
from bot.reading.item_files import read_items
from bot.reading.items import Item, item_to_json
from bot.reading.protocol import Reader
from bot.reading.scores import Outcome, evaluate, summarise
from bot.reading.squad import normalise
from bot.records import Adapter, Answer, Example, Kind, Offered, Question, Scores
from bot.registry import read_adapter
from bot.settings import Settings
from bot.store import Store, feedback, open_store, questions
from training.build import BUILD, CALIBRATION, EXAMPLES, write_build
from training.crowd import Crowd, asker, drawn, judges, react, whims_of
from training.cycle import Finished, replay, run_cycle
from training.gate import Difference, two_way_difference
from training.loop import Loop, Options, open_loop

Tell = Callable[[float, str], None]
ARMS = ("candidate", "served", "supervised")
TAUGHT: tuple[Kind, ...] = ("up", "down", "down_abstention", "silence", "correction")
PARTS = ("trust", "replay", *TAUGHT)
"""What can be left out, to see what it is worth."""

MAIN = ""
"""The name of the test set that the figures at the head are about."""


def run_simulation(
    settings: Settings,
    stream: Path,
    test: Path,
    crowd: Crowd,
    tell: Tell,
    options: Options = Options(),
    loop_over: Callable[[Settings, Store], Loop] = open_loop,
    *,
    also: Mapping[str, Path] = {},
    supervised: bool = True,
    reuse: Path | None = None,
    strict: bool = False,
) -> dict[str, Any]:
    """The figures before and after, as JSON-able data. Raises DataError for files that can't be used or don't suffice.

    `also`: further test sets by name, measured alike. `reuse`: a folder where what the seed and the supervised adapter
    did is kept for the next simulation with the same ones; to be emptied when training or reading changes.
    """
    crowd.members()  # before anything is read: shares that don't fit
    asked = drawn(read_items(stream, strict=strict), crowd)
    tests = {name: read_items(path, strict=strict) for name, path in {MAIN: test, **also}.items()}
    with tempfile.TemporaryDirectory(prefix="lorebot-simulation-") as folder:
        home = Path(folder)
        store = open_store(home / "lorebot.db")
        try:
            loop = loop_over(settings.model_copy(update={"home": home}), store)
            ruler = Ruler(loop, tests, reuse)
            return _simulate(loop, ruler, asked, crowd, options, tell, supervised=supervised)
        finally:
            store.close()


def without(options: Options, names: Sequence[str]) -> Options:
    """The options with some of what the loop learns by left out: `trust`, `replay`, or a kind of example."""
    unknown = sorted(set(names) - set(PARTS))
    if unknown:
        raise DataError(
            f"Found nothing called {unknown[0]} to leave out; expected one of {', '.join(PARTS)}."
        )
    if set(names) & set(TAUGHT):
        options = replace(options, kinds=frozenset(kind for kind in TAUGHT if kind not in names))
    if "replay" in names:
        options = replace(options, replay_share=0.0)
    return replace(options, trust=False) if "trust" in names else options


def printed(found: dict[str, Any]) -> str:
    """The figures as lines for people."""
    lines = _lines(found)
    for name, other in found["others"].items():
        lines += [f"on {name}:", *(f"  {line}" for line in _lines(other))]
    for each in found["rounds"]:
        lines.append(f"round {each['round']}: {each['decision']}")
        lines += [f"  {reason}" for reason in each["reasons"]]
    for kind, counts in found["people"].items():
        lines.append(f"{kind}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    return "\n".join(lines)


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for name in ("before", *ARMS):
        scores, gain = found[name], found["differences"].get(name)
        if not scores:
            lines.append(f"{name:11} none was trained")
            continue
        lines.append(
            f"{name:11} F1 {scores['f1']:5.1f}  exact match {scores['exact_match']:5.1f}  span F1 {scores['span_f1']:5.1f}  "
            f"silent {scores['abstention_rate']:5.1f} %  calibration error {scores['ece']:4.1f}  {scores['adapter']}"
            + (f"  {gain['mean']:+.1f} ({gain['low']:+.1f} to {gain['high']:+.1f})" if gain else "")
        )
    return lines


def difference(items: Sequence[Item], before: Sequence[Outcome], after: Sequence[Outcome]) -> Difference:
    """The mean gain in F1, in points, with a 95 % interval: templated questions come with many texts, and a text with
    many questions."""
    gains = [b.f1 - a.f1 for a, b in zip(before, after, strict=True)]
    return two_way_difference(
        gains, [normalise(item.question) for item in items], [item.context for item in items]
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """What one adapter did on every test set."""

    adapter: str
    outcomes: Mapping[str, Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Ruler:
    """Measures adapters on the test sets; what was trained or measured before is there again in `reuse`, if there is one."""

    loop: Loop
    tests: Mapping[str, Sequence[Item]]  # MAIN and others
    reuse: Path | None

    def of(self, adapter: Adapter) -> Measured:
        reader = self.loop.load(Path(adapter.folder))
        lowest = threshold(adapter.card, self.loop.min_confidence).value
        return Measured(
            adapter.id,
            {name: evaluate(reader, items, min_confidence=lowest)[1] for name, items in self.tests.items()},
        )

    def known(self, key: str, measure: Callable[[], Measured]) -> Measured:
        """What `measure` finds; kept under the key, the tests and what the loop is set to."""
        if self.reuse is None:
            return measure()
        loop = self.loop
        rows = [[name, [item_to_json(item) for item in items]] for name, items in self.tests.items()]
        told = json.dumps([key, rows, loop.min_confidence, loop.quantize, dict(loop.writing)], sort_keys=True)
        path = self.reuse / f"measured-{_digest(told)}.json"
        if path.is_file():
            held = json.loads(path.read_text(encoding="utf-8"))
            outcomes = {name: [Outcome(**each) for each in rows] for name, rows in held["outcomes"].items()}
            return Measured(held["adapter"], outcomes)
        found = measure()
        self.reuse.mkdir(parents=True, exist_ok=True)
        held = {name: [asdict(each) for each in outcomes] for name, outcomes in found.outcomes.items()}
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps({"adapter": found.adapter, "outcomes": held}), encoding="utf-8")
        new.replace(path)
        return found

    def kept(self, key: str, train: Callable[[], Path]) -> Adapter:
        """The adapter that `train` makes; kept under the key, for whatever it is to be measured on later."""
        if self.reuse is None:
            return read_adapter(train())
        folder = self.reuse / f"adapter-{_digest(key)}"
        if not folder.is_dir():
            self.reuse.mkdir(parents=True, exist_ok=True)
            new = folder.with_suffix(f".{os.getpid()}")
            shutil.copytree(train(), new)
            new.replace(folder)
        return read_adapter(folder)


def _simulate(
    loop: Loop,
    ruler: Ruler,
    asked: Sequence[Item],
    crowd: Crowd,
    options: Options,
    tell: Tell,
    *,
    supervised: bool,
) -> dict[str, Any]:
    steps = crowd.rounds + 3  # before, supervised, the rounds, after
    tell(0.0, "measuring the seed")
    seed = loop.registry.seed()
    before = ruler.known(f"{seed.sha256} {seed.card.get('calibrator_sha256')}", lambda: ruler.of(seed))
    measured: dict[str, Measured | None] = {"before": before, "supervised": None}
    if supervised:
        measured["supervised"] = _supervised(loop, ruler, asked, options, _part(tell, 1, steps, "labels: "))
    members = crowd.members()
    said: dict[str, Counter[str]] = {kind: Counter() for kind in sorted({each.kind for each in members})}
    for each in members:
        said[each.kind]["people"] += 1
    rounds, candidate = [], None
    for number in range(crowd.rounds):
        share = asked[number * len(asked) // crowd.rounds : (number + 1) * len(asked) // crowd.rounds]
        votes = use(loop, share, crowd, said)
        show = _part(tell, 2 + number, steps, f"round {number + 1}: ")
        finished = run_cycle(loop, by="cli", options=options, show=show)
        rounds.append(_round(number + 1, votes, finished))
        if finished.run.candidate:
            candidate = loop.registry.show(finished.run.candidate)
    tell((steps - 1) / steps, "measuring what was learned")
    known = {seed.id: before}
    champion = loop.registry.champion()
    for adapter in filter(None, (candidate, champion)):
        if adapter.id not in known:
            known[adapter.id] = ruler.of(adapter)
    measured["candidate"] = known[candidate.id] if candidate else None
    measured["served"] = known[champion.id]
    figures = {name: _figures(items, measured, name) for name, items in ruler.tests.items()}
    return {
        **figures.pop(MAIN),
        "others": figures,
        "rounds": rounds,
        "people": {kind: dict(counts) for kind, counts in said.items()},
        "users": asdict(crowd),
        "adapter_bytes": _size(Path(candidate.folder)) if candidate else None,
        "peak_mb": round(_peak_mb(), 1),
    }


def use(
    loop: Loop, items: Sequence[Item], crowd: Crowd, said: Mapping[str, Counter[str]] | None = None
) -> dict[str, int]:
    """Questions asked of the reader in service, answers recorded, and each given its feedback. Returns the counts.

    `said` counts them by kind of people.
    """
    champion, members = loop.registry.champion(), crowd.members()
    reader = loop.load(Path(champion.folder))
    lowest = threshold(champion.card, loop.min_confidence).value
    total: Counter[str] = Counter(up=0, down=0, corrections=0)
    for item in items:
        person = asker(item, members, crowd)
        answer = _answer(loop.store, reader, item, person.id, lowest)
        if said is not None:
            said[person.kind]["questions"] += 1
        for member in judges(item, members, crowd):
            given = react(answer, item, member, crowd, whims_of(member, item, crowd))
            feedback.record(loop.store, given)
            for counts in (total, *([] if said is None else [said[member.kind]])):
                counts[given.vote or "up"] += 1
                counts["corrections"] += given.correction is not None
    return dict(total)


def _answer(store: Store, reader: Reader, item: Item, person: str, lowest: float) -> Answer:
    question = questions.record_question(
        store,
        Question("import", f"simulated:{item.id}", item.question, person, scopes=(), context=item.context),
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


def _supervised(loop: Loop, ruler: Ruler, items: Sequence[Item], options: Options, tell: Tell) -> Measured:
    """What the same questions bring with their labels in place of feedback: the ceiling.

    Trained before anybody has said anything, so that it is the same whatever people say.
    """
    seed = loop.registry.seed()
    gold = [_gold(item) for item in items]
    folder = loop.home / "work"
    build = write_build(
        folder / "supervised",
        base=loop.base or seed.base,
        base_sha256=seed.base_sha256,
        seed_adapter=Path(seed.folder),
        settings=replace(options.settings, quantize=loop.quantize),
        examples=[*gold, *replay(loop, len(gold), options)],
        calibration=loop.golden.calibration,
        notes={"id": "supervised"},
        writing=Writing(**{**seed.card.get("writing", {}), **loop.writing}),
    )
    head = {
        name: value
        for name, value in json.loads((build / BUILD).read_text()).items()
        if name != "seed_adapter"
    }
    made_of = [json.dumps(head), *(file_sha256(build / name) for name in (EXAMPLES, CALIBRATION))]

    key = " ".join([seed.sha256, *made_of])

    def measure() -> Measured:
        return ruler.of(ruler.kept(key, lambda: loop.train(build, folder / "supervised-out", tell)))

    return ruler.known(key, measure)


def _gold(item: Item) -> Example:
    if not item.answerable:
        return Example(item.question, item.context, "silence")
    answer = item.answers[0]
    end = answer.start + len(answer.text)
    return Example(item.question, item.context, "gold", answer.start, end, references=item.references)


def _figures(items: Sequence[Item], measured: Mapping[str, Measured | None], name: str) -> dict[str, Any]:
    before = measured["before"]
    assert before is not None
    arms = {arm: each for arm in ARMS if (each := measured[arm]) is not None}
    return {
        **{
            arm: _as_printed(summarise(each.adapter, each.outcomes[name])) if each else None
            for arm, each in measured.items()
        },
        "differences": {
            arm: asdict(difference(items, before.outcomes[name], each.outcomes[name]))
            for arm, each in arms.items()
        },
    }


def _part(tell: Tell, step: int, steps: int, before: str) -> Tell:
    return lambda share, text: tell((step + share) / steps, before + text)


def _round(number: int, votes: dict[str, int], finished: Finished) -> dict[str, Any]:
    data = finished.as_data()
    return {
        "round": number,
        "feedback": votes,
        **{key: value for key, value in data.items() if key != "report"},
    }


def _as_printed(scores: Scores) -> dict[str, Any]:
    found = asdict(scores)
    p50, p95 = found.pop("latency_p50_ms"), found.pop("latency_p95_ms")
    return {**found, "latency_ms": {"p50": p50, "p95": p95}}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _peak_mb() -> float:
    """The most memory that this process, or one that it started, ever held."""
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        / 1024
    )
