"""The calibrator of a new adapter, fitted on the reader that will serve: half-precision weights, merged and
all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.answering import nearest, priors
from bot.reading.calibrator import UNFITTED, fit, load_calibrator, reading_features, save_calibrator
from bot.reading.card import CALIBRATOR, WEIGHTS, read_card, threshold, write_card
from bot.reading.encoder import load_encoder
from bot.reading.hashes import file_sha256
from bot.reading.items import Item
from bot.reading.readers import load_reader
from bot.reading.scores import RIGHT, best_threshold, judged, summarise, threshold_to_answer
from bot.reading.squad import f1
from bot.records import Offered

AT_ONCE = 64  # items read together


def calibrate(
    draft: Path,
    card: dict[str, Any],
    items: Sequence[Item],
    parent: Path | None = None,
    tell: Callable[[float, str], None] = lambda share, text: None,
) -> None:
    """Adds the calibrator and the card to a draft that has its weights. `parent`: the seed adapter's folder.

    The card's `min_confidence` lets it answer as many of the items as its parent does: what is learned should show in
    what is answered, not in how much. Without a parent, or after an earlier stage of itself, it is the items'
    `best_threshold`, which swings from one adapter to the next. The card's `scores` on them are
    figures to choose by, not to judge by. Without items the parent's calibrator and threshold stay, or a stand-in does.
    """
    before = read_card(parent) if parent else {}
    same = before.get("id") == card["id"]
    # an earlier stage of a seed was sure of itself where this one is not
    prior = load_calibrator(parent / CALIBRATOR) if parent and not (same and items) else UNFITTED
    card = {
        **card,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "min_confidence": threshold(before, None).value,
    }
    save_calibrator(prior, draft / CALIBRATOR)
    write_card(draft, _hashed(card, draft))
    if not items:
        return
    searched = as_searched(items)
    answered = None
    if parent and not same:
        said_before = _read(parent, card, items, searched, lambda share, text: tell(share / 2, text))
        answered = sum(prior.confidence(features) >= card["min_confidence"] for _, _, features in said_before)
    read = _read(draft, card, items, searched, lambda share, text: tell((1 + share) / 2, text))
    right = [item.answerable and f1(said, item.references) >= RIGHT for item, said, _ in read]
    calibrator = fit([features for _, _, features in read], right, prior=prior)
    save_calibrator(calibrator, draft / CALIBRATOR)
    outcomes = [judged(item, said, calibrator.confidence(features), 0.0) for item, said, features in read]
    scores = summarise(str(card["id"]), outcomes)
    card["min_confidence"] = (
        best_threshold(outcomes) if answered is None else threshold_to_answer(outcomes, answered)
    )
    card["scores"] = {
        "calibration items": {"n": scores.n, "span_f1": round(scores.span_f1, 1), "ece": round(scores.ece, 1)}
    }
    write_card(draft, _hashed(card, draft))


def _read(
    adapter: Path,
    card: Mapping[str, Any],
    items: Sequence[Item],
    searched: Sequence[Searched],
    tell: Callable[[float, str], None],
) -> list[tuple[Item, str, dict[str, float]]]:
    """Each item that an adapter finds anything for, with its best span's text and features. It is read as `card` says:
    the draft's, whose base and precision serve."""
    quantize, writing = card["recipe"].get("quantize", ""), card.get("writing")
    reader = load_reader(adapter, base=card["base"], quantize=quantize, writing=writing)
    read = []
    for i in range(0, len(items), AT_ONCE):
        tell(i / len(items), f"fitting the calibrator: item {i + 1} of {len(items)}")
        batch, found = items[i : i + AT_ONCE], searched[i : i + AT_ONCE]
        asks = [(item.question, (item.context, *item.others)) for item in batch]
        rankings = reader.rankings(asks, [each.priors for each in found])
        for item, (question, texts), ranking, each in zip(batch, asks, rankings, found, strict=True):
            if ranking.spans:
                best = ranking.spans[0]
                features = reading_features(question, ranking, texts, each.priors, each.nearest)
                read.append((item, best.words(texts), features))
    return read


@dataclass(frozen=True, slots=True)
class Searched:
    """What search said about one item's passages; None of both where they are read as if they came with the question."""

    priors: list[float] | None = None
    nearest: float | None = None


def as_searched(items: Sequence[Item]) -> list[Searched]:
    """Search's word on every other item of several passages, so that the calibrator learns to go with and without it."""
    several = [i for i, item in enumerate(items) if item.others][::2]
    searched = [Searched()] * len(items)
    if several:
        encoder = load_encoder()
        for i in several:
            texts = [items[i].context, *items[i].others]
            question, *vectors = encoder.encode([items[i].question, *texts])
            offered = [
                Offered(text, number, "", "", None, float(vector @ question))
                for number, (text, vector) in enumerate(zip(texts, vectors, strict=True))
            ]
            searched[i] = Searched(priors(offered), nearest(offered))
    return searched


def _hashed(card: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {
        **card,
        "sha256": file_sha256(folder / WEIGHTS),
        "calibrator_sha256": file_sha256(folder / CALIBRATOR),
    }
