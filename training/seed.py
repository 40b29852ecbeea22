"""The recipe of the shipped adapter, as one command: from the frozen base and labelled questions to adapter
folder.

    python -m training seed --data DIR [--base all-mpnet-base-v2] [--out FOLDER] [--without SOURCE]

A recipe has stages, each going on from the adapter of the one before. A stopped run goes on where it was when the same
command is given again: each stage's build lies in `work/`, by the hash of what is in it. With `--after ADAPTER` it goes
on from an adapter that an earlier stage made; after the last stage, only the calibrator and the figures are made anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.errors import TrainingError
from bot.reading.architectures import architecture_of, size_of
from bot.reading.bases import DEFAULT_BASE, Base, locate, public_name
from bot.reading.card import publish, read_card, write_card
from bot.reading.items import Item
from bot.reading.quantization import Quantize
from bot.reading.readers import load_reader
from bot.reading.scores import Outcome, best_threshold, evaluate, summarise, with_threshold
from bot.records import Example
from training.build import BUILD, TrainingSettings, write_build
from training.calibration import calibrate
from training.finetune import Progress, finetune
from training.seed_data import KEPT_APART, LICENCES, Mix, Source, examples_of, load_sources, mixed


@dataclass(frozen=True, slots=True)
class Stage:
    """One training of a recipe: on what, and how."""

    settings: TrainingSettings
    mix: Mix
    teacher: str | None = None  # id of the shipped adapter whose distributions are followed


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the shipped adapter of one base is made: each stage goes on from the one before."""

    adapter: str  # its id and folder
    stages: tuple[Stage, ...]


SHORT = Mix(
    neighbour=0.08,
    removed=0.12,
    altered=0.1,
    chat=0.2,
    cropped=0.75,
    rounds={"wikipedia-unanswerable": 2},
    most={"wikipedia": 5000, "reddit": 4000},
)
_MINILM = TrainingSettings(
    r=32,
    alpha=64,
    learning_rate=1.5e-3,
    warmup=0.05,
    epochs=1.0,
    batch=32,
    checkpoint_every=200,
    seed=1,
)
_MPNET = TrainingSettings(
    r=16,
    alpha=32,
    frozen_layers=3,
    learning_rate=6e-4,
    warmup=0.05,
    epochs=0.65,
    batch=16,
    checkpoint_every=50,
    seed=1,
)
RECIPES = {
    "all-MiniLM-L6-v2": Recipe(
        "reader-minilm-l6-seed",
        (
            Stage(_MINILM, Mix(rounds=dict.fromkeys(LICENCES, 2))),
            # asking the teacher takes longer than training: what it said of fewer windows is learned twice
            Stage(
                replace(_MINILM, learning_rate=6e-4, epochs=2.0, checkpoint_every=100, seed=2),
                replace(SHORT, altered=0.12, rounds={}, most={"wikipedia": 4000, "reddit": 3000}),
                teacher="reader-mpnet-base-seed",
            ),
        ),
    ),
    "all-mpnet-base-v2": Recipe(
        "reader-mpnet-base-seed",
        (
            Stage(_MPNET, SHORT),
            # what the first stage learned least: whether the answer is there at all
            Stage(
                replace(_MPNET, learning_rate=5e-4, epochs=0.85, seed=2),
                replace(SHORT, altered=0.12, most={"wikipedia": 4000, "reddit": 2000}),
            ),
        ),
    ),
}
SHIPPED = Path("adapters")
_KEPT_APART = f"articles {', '.join(KEPT_APART)}; other articles and contexts by hash (training/seed_data.py)"
_log = logging.getLogger(__name__)


def recipe_for(base: Base) -> Recipe:
    """The recipe of a base: its own, or by its size the one that suited the nearest of those.

    The wider the base, the smaller the steps; a large one goes without LoRA in the lowest quarter of its layers, which
    saves their gradients.
    """
    if base.name in RECIPES:
        return RECIPES[base.name]
    config = json.loads((base.folder / "config.json").read_text(encoding="utf-8"))
    (width, layers), extractive = size_of(config), architecture_of(config["model_type"]).kind == "extractive"
    small = width <= 512
    settings = TrainingSettings(
        r=32 if small else 16,
        alpha=64 if small else 32,
        frozen_layers=0 if small or not extractive else layers // 4,
        learning_rate=1.5e-3 if small else 6e-4 if width <= 768 else 2e-4,
        warmup=0.05,
        epochs=1.0,
        batch=32 if small else 16,
        checkpoint_every=50,
    )
    name = re.sub(r"[^a-z0-9.]+", "-", public_name(base.name).rpartition("/")[2].lower()).strip("-.")
    return Recipe(f"reader-{name}-seed", (Stage(settings, SHORT),))


def seed(
    data: Path,
    out: Path | None = None,
    *,
    base_name: str = DEFAULT_BASE,
    after: Path | None = None,
    without: Sequence[str] = (),
    limit: int | None = None,
    recipe: Recipe | None = None,
    quantize: Quantize = "",
    work: Path = Path("work"),
    progress: Progress | None = None,
) -> Path:
    """Trains the adapter of the base's recipe into `out` (its place in adapters/, if None), and returns it.

    `recipe` stands in for the base's own. `quantize` holds the base in 8 or 4 bits meanwhile. `after`: an adapter that
    one of the stages made, to go on from with the next; after the last, it gets a new calibrator, threshold and
    figures, by the questions kept apart today. `without` leaves sources out; `limit` takes at most that many
    questions of each source (a trial).
    """
    base = locate(base_name)
    recipe = recipe or recipe_for(base)
    stages = [replace(each, settings=replace(each.settings, quantize=quantize)) for each in recipe.stages]
    out = out or SHIPPED / recipe.adapter
    if out.exists():
        raise TrainingError(f"Found {out} already there; expected a new folder: name another with --out.")
    names = [name for name in LICENCES if name not in without]
    sources = load_sources(data, names)
    done = 0 if after is None else int(read_card(after, base).get("stage", 1))
    made = after if after is None or done < len(stages) else _calibrated(after, out.name, sources, work)
    for number, stage in enumerate(stages[done:], done + 1):
        made = _trained(
            stage, number, base, sources, made, out.name, limit=limit, work=work, progress=progress
        )
    if made is None:
        raise TrainingError(f"Recipe {recipe.adapter} has no stage; expected one at least: mend the recipe.")
    return _publish_scored(made, out, sources)


def _trained(
    stage: Stage,
    number: int,
    base: Base,
    sources: Sequence[Source],
    before: Path | None,
    name: str,
    *,
    limit: int | None,
    work: Path,
    progress: Progress | None,
) -> Path:
    """The adapter of one stage, in `work`; from there where it was made already."""
    teacher = SHIPPED / stage.teacher if stage.teacher else None
    origins = [read_card(each)["sha256"] for each in (before, teacher) if each]
    key = [base.name, [source.name for source in sources], limit, asdict(stage), number, origins, name]
    folder = work / f"seed-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:12]}"
    settings, mix = stage.settings, stage.mix
    if not (folder / BUILD).is_file():
        examples = [e for source in sources for e in examples_of(source, mix, settings.seed, limit)]
        calibration = _calibration(sources)
        write_build(
            folder,
            base=base.name,
            base_sha256=base.sha256,
            seed_adapter=before,
            teacher=teacher,
            settings=settings,
            examples=examples,
            calibration=calibration,
            notes={"id": name, "stage": number, "data": _data(sources, examples, calibration, mix)},
        )
        _log.info("The build of %d examples lies in %s.", len(examples), folder)
    trained = folder / "adapter"
    if not trained.exists():
        finetune(folder, trained, progress)
    return trained


def _calibrated(after: Path, name: str, sources: Sequence[Source], work: Path) -> Path:
    """The adapter's weights with a calibrator that is fitted anew, in `work`."""
    draft = work / f"calibrated-{read_card(after)['sha256'][:12]}"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(after, draft)
    card, items = read_card(draft), _calibration(sources)
    kept = {source.name: source.parts for source in sources}
    data = {**card["data"], "calibration_items": len(items), "kept_apart": _KEPT_APART}
    for source, counts in data["sources"].items():
        for part in ("calibration", "development"):
            counts[part] = len(kept[source][part]) if source in kept else 0
    calibrate(draft, {**card, "id": name, "data": data}, items)
    return draft


def _calibration(sources: Sequence[Source]) -> list[Item]:
    return [item for source in sources for item in mixed(source, "calibration", most=250)]


def _publish_scored(trained: Path, out: Path, sources: Sequence[Source]) -> Path:
    """Puts the adapter in its place with a card that says what it can do on what was kept apart.

    The card's threshold is the one of the best mean F1 on kept-apart questions as service brings them: alone,
    among neighbours, and without the passage that answers.
    """
    reader = load_reader(trained, quantize=read_card(trained)["recipe"].get("quantize", ""))
    as_served = [item for source in sources for item in mixed(source, "development")]
    outcomes = evaluate(reader, as_served, min_confidence=0.0)[1]
    threshold = best_threshold(outcomes)
    scores = {"as served, all sources": figures([with_threshold(each, threshold) for each in outcomes])}
    for source in sources:
        kept_apart = source.parts["development"]
        scores[source.name] = figures(evaluate(reader, kept_apart, min_confidence=threshold)[1])
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(trained, draft)
    card = read_card(trained)
    # an earlier stage had the same id and isn't shipped: what is shipped is a seed, which has no parent
    parent = None if card.get("parent") == card["id"] else card.get("parent")
    write_card(draft, {**card, "parent": parent, "min_confidence": threshold, "scores": scores})
    publish(draft, out)
    return out


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The scores that belong in a card: an adapter's, not the machine's, and over some question at least."""
    scores, left_out = summarise("", outcomes), {"adapter", "latency_p50_ms", "latency_p95_ms"}
    if all(outcome.answerable for outcome in outcomes):
        left_out.add("no_answer_accuracy")
    return {name: round(value, 1) for name, value in asdict(scores).items() if name not in left_out}


def _data(
    sources: Sequence[Source], examples: Sequence[Example], calibration: Sequence[Item], mix: Mix
) -> dict[str, Any]:
    """For the card: what was trained on, under which licences, and what was kept apart."""
    return {
        "sources": {
            source.name: {
                "licence": LICENCES[source.name],
                **{part: len(items) for part, items in source.parts.items()},
            }
            for source in sources
        },
        "examples": dict(Counter(example.kind for example in examples)),
        "mix": asdict(mix),
        "calibration_items": len(calibration),
        "kept_apart": _KEPT_APART,
    }
