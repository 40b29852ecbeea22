"""A larger reader's distributions, for the small one to follow."""

import math
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from bot.errors import TrainingError
from bot.reading.bases import locate
from bot.reading.extractive import ExtractiveReader, load_extractive
from bot.reading.windows import WindowCutter, load_cutter
from bot.records import Example
from training.build import TrainingSettings
from training.features import window_rows
from training.task import Row
from training.teacher import follow_teacher

SHIPPED = Path(__file__).parents[1] / "adapters" / "reader-minilm-l6-seed"
CONTEXT = "The pump was serviced in May. Odile Ferrant signed the report, and Jun Aoki paid for it."
QUESTION = "Who signed the report?"

pytestmark = pytest.mark.slow


def rows(cutter: WindowCutter) -> list[Row]:
    start = CONTEXT.index("Odile")
    examples = [
        Example(QUESTION, CONTEXT, "gold", start, start + len("Odile Ferrant")),
        Example("When was the kettle bought?", CONTEXT, "silence"),
    ]
    return list(window_rows(examples, cutter, TrainingSettings()))


def test_a_row_holds_what_the_teacher_says_of_each_position(tmp_path: Path) -> None:
    cutter = load_cutter(locate().folder)
    first, second = seen = rows(cutter)
    follow_teacher(seen, cutter, SHIPPED, tmp_path, 0.7, lambda share, text: None)
    assert first["seed_weight"] == 0.7
    for row in seen:
        assert sum(row["seed_start"]) == pytest.approx(1, abs=0.01)
        assert len(row["seed_end"]) == row["length"]
        assert not any(row["seed_start"][1 : row["first"]])
    reader = load_extractive(SHIPPED)
    a, b = first["towards"]
    ours = math.log(first["seed_start"][a]) + math.log(first["seed_end"][b])
    start = CONTEXT.index("Odile")
    theirs = reader.log_probability(QUESTION, CONTEXT, start, start + len("Odile Ferrant"))
    assert ours == pytest.approx(theirs, abs=0.02)
    silent = math.log(second["seed_start"][0]) + math.log(second["seed_end"][0])
    assert silent == pytest.approx(
        reader.log_probability("When was the kettle bought?", CONTEXT, 0, 0), abs=0.02
    )


def test_what_a_teacher_said_is_kept_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cutter = load_cutter(locate().folder)
    once, again = rows(cutter), rows(cutter)
    follow_teacher(once, cutter, SHIPPED, tmp_path, 1.0, lambda share, text: None)
    monkeypatch.setattr(ExtractiveReader, "logits", lambda *_: pytest.fail("asked again"))
    follow_teacher(again, cutter, SHIPPED, tmp_path, 1.0, lambda share, text: None)
    assert again == once


def test_a_teacher_that_cuts_text_otherwise_is_refused(tmp_path: Path) -> None:
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    other = WindowCutter(words)
    with pytest.raises(TrainingError, match="same word pieces"):
        follow_teacher(rows(other), other, SHIPPED, tmp_path, 1.0, lambda share, text: None)
