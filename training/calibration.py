"""The calibrator of a new adapter, fitted on the reader that will serve: half-precision weights, merged and
all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.reading.bases import file_sha256
from bot.reading.calibrator import UNFITTED, fit, load_calibrator, reading_features, save_calibrator
from bot.reading.card import CALIBRATOR, WEIGHTS, read_card, write_card
from bot.reading.extractive import load_extractive
from bot.reading.items import Item
from bot.reading.scores import RIGHT, best_threshold, judged, summarise
from bot.reading.squad import f1

AT_ONCE = 64  # items read together
DOUBTFUL = 0.5  # the threshold of an adapter that nothing is known of


def calibrate(draft: Path, card: dict[str, Any], items: Sequence[Item], parent: Path | None = None) -> None:
    """Adds the calibrator and the card to a draft that has its weights. `parent`: the seed adapter's folder.

    The card's `min_confidence` is the threshold of the best mean F1 on the items, and `scores` what it gives
    there: figures to choose by, not to judge by. Without items the parent's calibrator and threshold stay, or a
    stand-in does.
    """
    prior = load_calibrator(parent / CALIBRATOR) if parent else UNFITTED
    card = {
        **card,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "min_confidence": read_card(parent).get("min_confidence", DOUBTFUL) if parent else DOUBTFUL,
    }
    save_calibrator(prior, draft / CALIBRATOR)
    write_card(draft, _hashed(card, draft))
    if not items:
        return
    reader = load_extractive(draft)
    read: list[tuple[Item, str, dict[str, float]]] = []  # with the best span's text and features
    for i in range(0, len(items), AT_ONCE):
        batch = items[i : i + AT_ONCE]
        asks = [(item.question, (item.context, *item.others)) for item in batch]
        for item, (question, texts), ranking in zip(batch, asks, reader.rankings(asks), strict=True):
            if ranking.spans:
                best = ranking.spans[0]
                said = texts[best.passage][best.start : best.end]
                read.append((item, said, reading_features(question, ranking, texts)))
    right = [item.answerable and f1(said, item.references) >= RIGHT for item, said, _ in read]
    calibrator = fit([features for _, _, features in read], right, prior=prior)
    save_calibrator(calibrator, draft / CALIBRATOR)
    outcomes = [judged(item, said, calibrator.confidence(features), 0.0) for item, said, features in read]
    scores = summarise(str(card["id"]), outcomes)
    card["min_confidence"] = best_threshold(outcomes)
    card["scores"] = {
        "calibration items": {"n": scores.n, "span_f1": round(scores.span_f1, 1), "ece": round(scores.ece, 1)}
    }
    write_card(draft, _hashed(card, draft))


def _hashed(card: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {
        **card,
        "sha256": file_sha256(folder / WEIGHTS),
        "calibrator_sha256": file_sha256(folder / CALIBRATOR),
    }
