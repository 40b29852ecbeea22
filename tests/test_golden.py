"""The golden set gates promotions, so its own shape is checked on every run."""

import json
import unicodedata
from itertools import combinations

from training.golden import GOLDEN, read_golden

KEYS = {"id", "title", "context", "question", "answers", "is_impossible"}
TELLING = 8  # words in a row that two texts share only when one was copied from the other


def load():
    with GOLDEN.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def parts(file=GOLDEN):
    golden = read_golden(file)
    return {"gate": golden.gate, "replay": golden.replay, "calibration": golden.calibration}


def runs_of_words(text):
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    return {tuple(words[i : i + TELLING]) for i in range(len(words) - TELLING + 1)}


ROWS = load()
PARTS = parts()


def test_rows_have_exactly_the_agreed_fields():
    for row in ROWS:
        assert set(row) == KEYS, row.get("id")
        assert isinstance(row["is_impossible"], bool), row["id"]
        for key in ("id", "title", "context", "question"):
            assert isinstance(row[key], str) and row[key].strip(), row["id"]
            assert row[key] == row[key].strip(), row["id"]


def test_ids_are_unique():
    ids = [row["id"] for row in ROWS]
    assert len(ids) == len(set(ids))


def test_no_question_is_asked_twice():
    # Without case and the question mark: the chat spelling of a question is
    # the same question, and would weigh twice.
    asked = [" ".join(row["question"].lower().rstrip("?").split()) for row in ROWS]
    assert len(asked) == len(set(asked))


def test_spans_are_exact():
    for row in ROWS:
        for answer in row["answers"]:
            text, start = answer["text"], answer["start"]
            end = start + len(text)
            context = row["context"]
            assert text and text == text.strip(), row["id"]
            assert start >= 0 and context[start:end] == text, row["id"]
            # A span that begins or ends inside a word is a wrong offset
            # which happens to spell the right text.
            before = context[start - 1 : start] + text[0]
            after = text[-1] + context[end : end + 1]
            assert not (len(before) == 2 and before.isalnum()), row["id"]
            assert not (len(after) == 2 and after.isalnum()), row["id"]


def test_answers_are_short_and_few():
    for row in ROWS:
        assert bool(row["answers"]) != row["is_impossible"], row["id"]
        assert len(row["answers"]) <= 3, row["id"]
        spans = [(a["text"], a["start"]) for a in row["answers"]]
        assert len(spans) == len(set(spans)), row["id"]
        assert all(len(text.split()) <= 12 for text, _ in spans), row["id"]


def test_text_is_composed_unicode():
    # Offsets count code points: decomposed letters would shift them for
    # whoever normalises first.
    for row in ROWS:
        for key in ("context", "question"):
            assert unicodedata.is_normalized("NFC", row[key]), row["id"]


def test_every_title_names_one_text():
    texts = {}
    for row in ROWS:
        assert texts.setdefault(row["title"], row["context"]) == row["context"], row["id"]
    assert len(set(texts.values())) == len(texts)


def test_size_and_lengths():
    contexts = {row["context"] for row in ROWS}
    assert len(contexts) >= 80
    assert len(ROWS) >= 400
    for context in contexts:
        assert 200 <= len(context) <= 1500, context[:40]


def test_about_a_third_is_unanswerable():
    share = sum(row["is_impossible"] for row in ROWS) / len(ROWS)
    assert 0.30 <= share <= 0.37, share


def test_every_text_has_both_kinds():
    kinds = {}
    for row in ROWS:
        kinds.setdefault(row["context"], set()).add(row["is_impossible"])
    assert all(len(found) == 2 for found in kinds.values())


def test_no_text_is_a_near_copy_of_another():
    # A copy with a few words changed would hash into the other half, and the
    # gate would then ask about what training has seen.
    runs = {row["title"]: runs_of_words(row["context"]) for row in ROWS}
    for one, other in combinations(runs, 2):
        assert not runs[one] & runs[other], (one, other)


def test_parts_share_no_text_and_lose_no_question():
    texts = [{item.context for item in items} for items in PARTS.values()]
    assert len(set().union(*texts)) == sum(map(len, texts))
    assert sorted(item.id for items in PARTS.values() for item in items) == sorted(row["id"] for row in ROWS)


def test_parts_are_alike_in_kind_and_the_gate_has_about_half():
    assert 0.4 <= len(PARTS["gate"]) / len(ROWS) <= 0.6
    assert len(PARTS["replay"]) > 150
    assert len(PARTS["calibration"]) > 100
    for name, items in PARTS.items():
        unanswerable = sum(not item.answerable for item in items) / len(items)
        assert 0.25 <= unanswerable <= 0.42, (name, unanswerable)


def test_no_text_changes_parts_when_the_file_does(tmp_path):
    file = tmp_path / "golden.jsonl"
    fewer = ROWS[::-1][::3]
    file.write_text("".join(json.dumps(row) + "\n" for row in fewer), encoding="utf-8")
    for name, items in parts(file).items():
        assert items, name
        assert {item.context for item in items} <= {item.context for item in PARTS[name]}, name
