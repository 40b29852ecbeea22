"""Passages are exact cuts of the text, between sentences, along headings, of a size that a reader can
take."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from bot.knowledge.cutting import LIMIT, MAX_SENTENCE, cut
from bot.knowledge.outline import first_heading
from bot.reading.sentence import split_sentences
from bot.records import Passage

HANDBOOK = Path(__file__).parents[1] / "bot" / "playground" / "handbook"
SENTENCES = (
    "Leave is asked for in Almanac.",
    "Dr. Ruiz answers within three days, e.g. by e-mail!",
    "Is 3.5 % enough? 🦩 It is.",
    "Größe zählt: naïve cafés, 東京です。",
    "A family 👨‍👩‍👧 gets 26 days…",
    "Short one.",
    "This sentence goes on for quite a while, because sentences in contracts often do, and it doesn't end soon.",
)


def pieces(markdown: str) -> list[Passage]:
    return cut(markdown, title="A title", scope="C1")


def made_up(chance: random.Random, newline: str) -> str:
    """A document of all that Markdown has, in any order."""
    blocks = ["---\ntitle: Made up\nowner: People\n---\n"] if chance.random() < 0.2 else []
    for _ in range(chance.randrange(1, 25)):
        kind = chance.randrange(9)
        said = [chance.choice(SENTENCES) for _ in range(chance.randrange(1, 12))]
        if kind == 0:
            blocks.append(f"{'#' * chance.randrange(1, 5)} Heading {chance.randrange(9)}")
        elif kind == 1:
            blocks.append("\n".join(f"- {each}" for each in said))
        elif kind == 2:
            rows = "".join(f"\n| {each} | {chance.randrange(99)} |" for each in said * chance.randrange(1, 4))
            blocks.append(f"| What | How much |\n|---|---|{rows}")
        elif kind == 3:
            code = "\n".join(f"# {each}\n\nx = {i}" for i, each in enumerate(said * chance.randrange(1, 4)))
            blocks.append(f"```python\n{code}\n```")
        elif kind == 4:
            blocks.append("Underlined\n==========")
        elif kind == 5:
            blocks.append("\n".join(f"> {each}" for each in said))
        elif kind == 6:
            blocks.append("\n".join(said))
        elif kind == 7:
            blocks.append("word " * chance.randrange(1, 400) + "end.")
        else:
            blocks.append(" ".join(said))
    return chance.choice(["\n\n", "\n", "\n\n\n"]).join(blocks).replace("\n", newline)


@pytest.mark.parametrize("seed", range(60))
def test_passages_are_exact_cuts_and_tear_no_sentence(seed: int) -> None:
    chance = random.Random(seed)
    text = made_up(chance, chance.choice(["\n", "\r\n"]))
    sentences = split_sentences(text)
    passages = pieces(text)
    assert [each.ordinal for each in passages] == list(range(len(passages)))
    for each in passages:
        end = each.start + len(each.text)
        assert text[each.start : end] == each.text == each.text.strip() != ""
        torn = [
            text[s:e] for s, e in sentences if (s < each.start < e or s < end < e) and e - s <= MAX_SENTENCE
        ]
        assert not torn
    assert all(one.start + len(one.text) <= other.start for one, other in pairwise(passages))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_was_written_is_lost(seed: int) -> None:
    text = made_up(random.Random(seed), "\n")
    body = text.split("---\n", 2)[2] if text.startswith("---\ntitle") else text
    assert "".join("".join(each.text for each in pieces(text)).split()) == "".join(body.split())


def test_the_handbook_is_cut_into_readable_sizes() -> None:
    lengths = []
    for page in sorted(HANDBOOK.rglob("*.md")):
        lengths += [len(each.text) for each in pieces(page.read_text(encoding="utf-8"))]
    assert max(lengths) <= LIMIT
    assert min(lengths) >= 200
    assert 450 <= sum(lengths) / len(lengths) <= 900


def test_a_passage_knows_the_headings_above_it() -> None:
    long = "This sentence fills the section. " * 20
    text = f"# Leave\n\n{long}\n\n## Sick *leave*\n\n{long}\n\n### [Notes](x.md)\n\n{long}\n\n## Holidays ##\n\n{long}"
    assert [each.heading for each in pieces(text)] == [
        "Leave",
        "Leave > Sick leave",
        "Leave > Sick leave > Notes",
        "Leave > Holidays",
    ]


def test_tiny_sections_join_their_neighbours_but_not_their_uncles() -> None:
    long = "This sentence fills the section. " * 30
    joined, other = pieces(f"# A\n\n## A1\n\nTiny.\n\n## A2\n\nTiny too.\n\n# B\n\n{long}")
    assert joined.heading == "A"
    assert joined.text.endswith("Tiny too.")
    assert other.heading == "B"
    headings = [each.heading for each in pieces(f"# A\n\n## A1\n\n{long}\n\n## A2\n\nTiny.\n\n# B\n\nTiny.")]
    assert list(dict.fromkeys(headings)) == ["A > A1", "A > A2", "B"]


def test_a_table_that_fits_stays_whole_and_a_longer_one_is_cut_between_rows() -> None:
    row = "| Berlin | 12 people | the second floor |\n"
    fits = "| Office | Size | Where |\n|---|---|---|\n" + row * 15
    filler = "This sentence stands before the table. " * 15
    assert any(fits.strip() in each.text for each in pieces(f"{filler}\n\n{fits}\n\n{filler}"))
    long = pieces("| Office | Size | Where |\n|---|---|---|\n" + row * 100)
    assert len(long) > 3
    assert all(
        line.startswith("| ") and line.endswith(" |") for each in long for line in each.text.splitlines()[2:]
    )
    assert [each.heading for each in long[1:]] == ["Office | Size | Where"] * (len(long) - 1)


def test_code_that_fits_stays_whole_and_its_comments_are_no_headings() -> None:
    code = "```sh\n# not a heading\n" + "make all  # again\n" * 40 + "```"
    filler = "This sentence stands around the code. " * 12
    passages = pieces(f"# Real\n\n{filler}\n\n{code}\n\n{filler}")
    assert any(code in each.text for each in passages)
    assert {each.heading for each in passages} == {"Real"}
    long = pieces("```\n" + "x = 1  # a line of code\n" * 200 + "```")
    lines = {"```", "x = 1  # a line of code"}
    assert len(long) > 1
    assert all(set(each.text.splitlines()) <= lines for each in long)


def test_a_long_sentence_stays_whole_until_it_is_absurd() -> None:
    long = "word " * 500 + "end."
    assert [each.text for each in pieces(f"# H\n\n{long}")] == [f"# H\n\n{long}"]
    absurd = "word " * 3_000 + "end."
    passages = pieces(absurd)
    assert max(len(each.text) for each in passages) <= LIMIT
    assert " ".join(each.text for each in passages) == absurd
    solid = "x" * 10_000
    assert "".join(each.text for each in pieces(solid)) == solid


def test_front_matter_is_no_passage_but_a_rule_is_no_front_matter() -> None:
    assert pieces("---\ntitle: Leave\n---\nTwenty days.")[0].text == "Twenty days."
    assert pieces("---\n\nTwenty days.\n\n---\n\nMore.")[0].text.startswith("---")


@pytest.mark.parametrize("blank", ["", " \r\n\t\n"])
def test_a_blank_text_has_no_passages(blank: str) -> None:
    assert pieces(blank) == []


def test_a_document_of_headings_alone_is_cut_in_reasonable_time() -> None:
    passages = pieces("# A heading\n\n" * 2_000)
    assert max(len(each.text) for each in passages) <= LIMIT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Intro.\n\n## The *first* one ##\n\n# Second", "The first one"),
        ("Underlined\n----------\n\nText.", "Underlined"),
        ("```\n# code\n```\n\n# Real", "Real"),
        ("#hashtag is no heading", ""),
        ("#\n\n# Named", "Named"),
    ],
)
def test_the_first_heading_names_a_text(text: str, words: str) -> None:
    assert first_heading(text) == words
