"""The whole retraining, top to bottom: feedback to examples to candidate to verdict, and promotion on proof.

    python -m training cycle --by cli --json

Whatever goes wrong, the champion goes on serving and the run's row says what it was. A cycle that was stopped in
mid-training goes on from its last checkpoint when the next one has the same to learn.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.errors import LorebotError, StoppedError, TrainingError
from bot.reading.card import threshold
from bot.reading.generative import Writing
from bot.reading.items import Item
from bot.reading.protocol import Reader
from bot.reading.readers import kind_of
from bot.reading.scores import Outcome, evaluate
from bot.records import Adapter, Example, Run, Verdict
from bot.registry import new_id, person_digest
from bot.store import Store, challenges, runs, traces
from bot.trust import Rules
from training import report
from training.build import TrainingSettings, write_build
from training.compared import Evidence
from training.examples import Gathered, capped, gather, unremarked, weighted
from training.gate import Measured, judge, too_few_corrected, waiting
from training.golden import as_replay
from training.interrupted import build_to_go_on_with, take_over_checkpoints
from training.loop import Loop, Options
from training.pulse import Pulse, Tell, heartbeat
from training.trials import Trial, read_trials
from training.tries import KEY, Tries, tries_against

AT_ONCE = 16
"""Golden items read by one adapter before the other's turn: a busy minute of the machine then slows both."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that came to a verdict."""

    run: Run
    verdict: Verdict
    report: Path | None

    def as_data(self) -> dict[str, Any]:
        return {
            "run": self.run.id,
            "decision": self.verdict.decision,
            "promoted": self.run.promoted,
            "candidate": self.run.candidate,
            "reasons": list(self.verdict.reasons),
            "seconds": round((self.run.finished_at or time.time()) - self.run.started_at, 1),
            "report": str(self.report) if self.report else None,
            "numbers": self.verdict.numbers,
        }


def run_cycle(
    loop: Loop,
    *,
    by: str,
    channel: str | None = None,
    ts: str | None = None,
    options: Options = Options(),
    show: Tell | None = None,
) -> Finished:
    """One retraining. Raises BusyError where another one is running, LorebotError where it failed.

    `show` is told the progress (share of the whole, text). Stopped by a signal, the run fails as "cancelled"; asked to
    stop in the store, it raises StoppedError, and its checkpoints wait for the next one.
    """

    def quiet() -> bool:
        return by in runs.NOBODY and loop.quiet is not None and loop.quiet.hold(loop.clock())

    store, run = loop.store, runs.start(loop.store, by, channel, ts)
    run_id = run.id or 0
    try:
        with heartbeat(store, run_id):
            finished = _cycle(loop, run, options, Pulse(store, run_id, show, quiet))
        runs.finish(store, run_id)
        return replace(finished, run=runs.run(store, run_id) or finished.run)
    except KeyboardInterrupt:
        runs.finish(store, run_id, error="cancelled")
        raise TrainingError(f"run {run_id} was cancelled; the champion goes on serving") from None
    except StoppedError as error:
        runs.finish(store, run_id, error=str(error))
        raise StoppedError(
            f"run {run_id} was {error}; the champion goes on serving, and what was trained is kept for the next run"
        ) from None
    except Exception as error:
        line = str(error) if isinstance(error, LorebotError) else f"{type(error).__name__}: {error}"
        runs.finish(store, run_id, error=" ".join(line.split())[:500])
        if isinstance(error, LorebotError):
            raise
        _log.exception("run %d failed", run_id)
        raise TrainingError(f"run {run_id} failed ({line}); the champion goes on serving") from error


def _cycle(loop: Loop, run: Run, options: Options, pulse: Pulse) -> Finished:
    run_id = run.id or 0
    pulse.stage("building", 0.0, 0.05)
    seed, champion = loop.registry.seed(), loop.registry.champion()
    gathered = gather(
        loop.store,
        options.held_out,
        rules=Rules(options.new_days, free=_writes(seed), everybody=not options.trust),
        kinds=options.kinds,
        share=options.person_share,
    )
    if len(gathered.examples) < options.min_examples:
        return _conclude(loop, run, _too_few(gathered, options), gathered)
    tries = tries_against(loop.store, champion.id, loop.registry.promotions())
    if idle := _idle(loop, run, gathered.trials, tries):
        return _conclude(loop, run, Verdict("not_yet", idle, {}), gathered)

    settings = replace(options.settings, quantize=loop.quantize)
    folder, key = loop.home / "work" / f"run-{run_id}", f"{seed.sha256} {settings}"
    build = build_to_go_on_with(loop.store, run, folder, key)
    if build is None:
        build = _build(loop, run, folder / "build", seed, gathered, settings, options)
    take_over_checkpoints(build, key)

    out = loop.train(build, folder / "adapter", pulse.stage("training", 0.05, 0.75))
    candidate = loop.registry.register(out)
    losses = report.losses_of(candidate.card)
    runs.update(loop.store, run_id, candidate=candidate.id)

    readers = {each.id: loop.load(Path(each.folder)) for each in (champion, candidate)}
    before, after = measure(loop, gathered.trials, champion, candidate, readers, pulse)
    verdict = judge(gathered.trials, before, after, options.margins, tries)
    verdict = _check_canaries(verdict, readers[candidate.id], loop.golden.canaries)

    pulse.stage("promoting", 0.97, 1.0)
    verdict = promote(loop, run_id, champion, candidate, verdict)
    finished = _conclude(loop, run, verdict, gathered, before, after, losses)
    shutil.rmtree(
        folder, ignore_errors=True
    )  # kept where something failed: the checkpoints are worth a training
    return finished


def _build(
    loop: Loop,
    run: Run,
    folder: Path,
    seed: Adapter,
    gathered: Gathered,
    settings: TrainingSettings,
    options: Options,
) -> Path:
    """The build folder of what was gathered, with the replay beside it."""
    examples = _with_importance(gathered, seed, loop)
    if options.trust:
        examples = capped(examples, options.person_share, gathered.accepted)
    replayed = replay(loop, len(examples), options)
    return write_build(
        folder,
        base=loop.base or seed.base,
        base_sha256=seed.base_sha256,
        seed_adapter=Path(seed.folder),
        settings=settings,
        examples=[*examples, *replayed],
        calibration=loop.golden.calibration,
        notes={"id": new_id(), "run": run.id, "data": _for_the_card(loop.store, gathered, replayed)},
        writing=Writing(**{**seed.card.get("writing", {}), **loop.writing}),
    )


def replay(loop: Loop, learned: int, options: Options) -> list[Example]:
    """What the seed should go on doing beside `learned` examples: golden questions, and a third of people's own.

    Never more than the options' share of all; the same for the same state.
    """
    most = round(learned * options.replay_share / max(1 - options.replay_share, 0.01))
    own = unremarked(loop.store, most // 3, options.held_out, free=_writes(loop.registry.seed()))
    golden = sorted(loop.golden.replay, key=lambda item: hashlib.sha256(item.id.encode()).digest())
    return [*own, *as_replay(golden[: most - len(own)])]


def measure(
    loop: Loop,
    trials: Sequence[Trial],
    champion: Adapter,
    candidate: Adapter,
    readers: dict[str, Reader],
    pulse: Pulse,
) -> tuple[Measured, Measured]:
    """What champion and candidate do on the same held-out questions and golden items, read in turns."""
    pair = (champion, candidate)
    tell = pulse.stage("judging", 0.75, 0.97)
    golden: dict[str, list[Outcome]] = {each.id: [] for each in pair}
    asked: dict[str, list[Outcome]] = {each.id: [] for each in pair}
    items = loop.golden.gate
    for i in range(0, len(items), AT_ONCE):
        tell(0.5 * i / len(items), f"reading golden question {i + 1} of {len(items)}")
        for each in pair:
            lowest = threshold(each.card, loop.min_confidence).value
            golden[each.id] += evaluate(readers[each.id], items[i : i + AT_ONCE], min_confidence=lowest)[1]
    for i in range(0, len(trials), AT_ONCE):
        tell(0.5 + 0.5 * i / len(trials), f"reading held-out question {i + 1} of {len(trials)}")
        for each in pair:
            lowest = threshold(each.card, loop.min_confidence).value
            asked[each.id] += read_trials(readers[each.id], trials[i : i + AT_ONCE], min_confidence=lowest)
    before, after = (
        Measured(each.id, tuple(asked[each.id]), tuple(golden[each.id]), _size(Path(each.folder)))
        for each in pair
    )
    return before, after


def promote(loop: Loop, run_id: int, champion: Adapter, candidate: Adapter, verdict: Verdict) -> Verdict:
    """Keeps the verdict and, where it says so, puts the candidate into service: in one transaction, or neither.

    Raises TrainingError where this run has lost its lock (the machine slept): another may be at work.
    """
    with loop.store.write():
        now = runs.run(loop.store, run_id)
        if now is None or now.state != "running":
            raise TrainingError(
                f"run {run_id} was given up while it worked; expected to be the only one: run it again"
            )
        if now.cancel is not None:
            raise StoppedError(f"cancelled by {now.cancel}")
        serving = loop.registry.champion().id
        if verdict.decision in ("promote", "trial") and serving != champion.id:
            why = f"{serving} was put into service meanwhile; the comparison was with {champion.id}."
            verdict = replace(verdict, decision="not_yet", reasons=(why, *verdict.reasons))
        if verdict.decision == "promote":
            loop.registry.promote(candidate.id, by=now.by, why=verdict.reasons[0], run_id=run_id)
        elif verdict.decision == "trial":
            verdict = _try_live(loop, now, candidate, verdict)
        runs.update(loop.store, run_id, verdict=verdict, promoted=verdict.decision == "promote")
    return verdict


def _try_live(loop: Loop, run: Run, candidate: Adapter, verdict: Verdict) -> Verdict:
    """Lets people decide about the candidate; "not yet", and no test of the champion's spent, where they can't."""
    now = challenges.current(loop.store)
    if loop.canary > 0 and now is None:
        loop.registry.challenge(candidate.id, by=run.by, why=verdict.reasons[0], run_id=run.id)
        return verdict
    why = (
        f"{now.adapter} is on live trial already; the next one has to wait for its end."
        if now is not None
        else "LOREBOT_CANARY is 0; with a share of the threads there, such as 0.1, people could decide in a live trial."
    )
    numbers = {name: value for name, value in verdict.numbers.items() if name != KEY}
    return replace(verdict, decision="not_yet", reasons=(why, *verdict.reasons), numbers=numbers)


def _conclude(
    loop: Loop,
    run: Run,
    verdict: Verdict,
    gathered: Gathered,
    before: Measured | None = None,
    after: Measured | None = None,
    losses: Sequence[tuple[int, float]] = (),
) -> Finished:
    """Adds to the verdict what was learned from, and writes the run's page; without a page the run is as good."""
    counts = {
        "learned": gathered.kinds(),
        "held_out": len(gathered.trials),
        "rejected": dict(gathered.rejected),
        "people": len(gathered.people),
    }
    verdict = replace(verdict, numbers={**verdict.numbers, "feedback": counts})
    runs.update(loop.store, run.id or 0, verdict=verdict)
    run = runs.run(loop.store, run.id or 0) or run
    page = loop.home / "reports" / f"run-{run.id}.html"
    try:
        evidence = _evidence(loop, gathered, before, after) if before and after else None
        report.write(page, run, verdict, evidence, losses)
    except Exception:  # the verdict stands, and may be in force already
        _log.exception("the report of run %s can't be written", run.id)
        return Finished(run, verdict, None)
    return Finished(run, verdict, page)


def _evidence(loop: Loop, gathered: Gathered, before: Measured, after: Measured) -> Evidence:
    """What the report shows of a candidate that was measured."""
    champion, candidate = loop.registry.show(before.adapter), loop.registry.show(after.adapter)
    thresholds = (
        threshold(champion.card, loop.min_confidence).value,
        threshold(candidate.card, loop.min_confidence).value,
    )
    return Evidence(gathered.trials, loop.golden.gate, before, after, champion, candidate, thresholds)


def _idle(loop: Loop, run: Run, trials: Sequence[Trial], tries: Tries) -> tuple[str, ...]:
    """Why a run that nobody asked for trains nothing: its candidate could not be tested, whatever it were like.

    A person who asks for a run gets one: its figures are worth seeing, even where they prove nothing yet.
    """
    if run.by != runs.SCHEDULE:
        return ()
    found = waiting(trials, tries) or (too_few_corrected(trials) if loop.canary == 0 else ())
    return (*found, "So nothing was trained; `lorebot retrain` trains all the same.") if found else ()


def _too_few(gathered: Gathered, options: Options) -> Verdict:
    have, need = len(gathered.examples), options.min_examples
    turned_down = sum(gathered.rejected.values())
    reason = (
        f"Found {have} examples to learn from ({len(gathered.trials)} more are held out, {turned_down} teach nothing); "
        f"at least {need} are needed, so nothing was trained."
    )
    return Verdict("not_yet", (reason,), {})


def _with_importance(gathered: Gathered, seed: Adapter, loop: Loop) -> list[Example]:
    """The examples with each up weighed by what the seed thinks of it now; what the seed itself said stays at 1."""
    ups = [
        e
        for e in gathered.examples
        if e.kind == "up" and e.words is None and e.feedback and e.feedback[0] in gathered.thought
    ]
    if not ups:
        return list(gathered.examples)
    reader = loop.load(Path(seed.folder))
    now = reader.log_probabilities([(e.question, e.context, e.start, e.end) for e in ups])
    found = {e.feedback[0]: value for e, value in zip(ups, now, strict=True) if e.feedback}
    return weighted(gathered.examples, gathered.thought, found)


def _for_the_card(store: Store, gathered: Gathered, replayed: Sequence[Example]) -> dict[str, Any]:
    answers = [each.feedback[0] for each in (*gathered.examples, *replayed) if each.feedback]
    people = gathered.people | traces.behind(store, answers)  # who is forgotten takes the adapter along
    return {
        "examples": {**gathered.kinds(), "replay": len(replayed)},
        "held_out": len(gathered.trials),
        "rejected": sum(gathered.rejected.values()),
        "people": sorted(person_digest(person) for person in people),
    }


def _check_canaries(verdict: Verdict, reader: Reader, canaries: Sequence[Item]) -> Verdict:
    """Whatever the figures say: a candidate that answers no plain question, or nonsense, is not fit to serve."""
    readings = [reader.read(item.question, [item.context]) for item in canaries]
    sane = [
        reading.best is not None
        and 0.0 <= reading.confidence <= 1.0
        and reading.best.score - reading.best.score == 0.0
        for reading in readings
    ]
    if all(sane) and any(reading.confidence > 0.05 for reading in readings):
        return verdict
    why = f"Found {sum(sane)} sane answers to {len(canaries)} plain questions with any confidence; expected all."
    return replace(verdict, decision="reject", reasons=(why, *verdict.reasons))


def _writes(adapter: Adapter) -> bool:
    """Whether its reader writes words of its own, rather than cut them out of passages."""
    return kind_of(adapter.card) == "generative"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
