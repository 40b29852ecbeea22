"""Where sentences begin and end, in prose, Markdown and chat."""

import time
from pathlib import Path

import pytest

from bot.reading.sentence import list_around, list_items, sentence_around, split_sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Ask the on-call engineer, e.g. Dr. J. Smith, first.",
        "It costs $3.5 million in v2.1.",
        "See https://example.org/a.b?c=1 for Node.js.",
        "It is in the U.S. office near St. Mary.",
        'He shouted "Stop!" and left.',
        "Use approx. 5 GB, cf. Fig. 3.",
    ],
)
def test_dots_inside_a_sentence_do_not_end_it(sentence: str) -> None:
    assert cut(f"{sentence} Then go on.") == [sentence, "Then go on."]


def test_an_abbreviation_ends_a_sentence_where_an_opening_word_follows() -> None:
    assert cut("Deploys run at 9 a.m. The team watches.") == ["Deploys run at 9 a.m.", "The team watches."]


def test_list_items_headings_rows_and_code_lines_stand_alone() -> None:
    text = (
        "# Ports\n\n- API: 8080\n- [ ] Admin\n  on 9090\n1. Stop. Wait.\n\n| a | b |\n|---|---|\n| x. Y | 1 |\n"
        "```\nrun x. Y\n```\n> Quoted.\n"
    )
    assert cut(text) == [
        "Ports", "API: 8080", "Admin\n  on 9090", "Stop.", "Wait.", "a | b", "x. Y | 1", "run x. Y", "Quoted.",
    ]  # fmt: skip


def test_wrapped_lines_are_one_sentence_and_deliberate_breaks_are_not() -> None:
    assert cut("A sentence that goes on over the end\nof its line. Next.") == [
        "A sentence that goes on over the end\nof its line.",
        "Next.",
    ]
    assert cut("Phone: 123\nEmail: a@example.org") == ["Phone: 123", "Email: a@example.org"]


def test_chat_without_capitals_is_cut_too() -> None:
    assert cut("restart the worker. then ping ops") == ["restart the worker.", "then ping ops"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_offsets_are_exact_whatever_the_line_ends(line_end: str) -> None:
    text = f"Größe 🎉 zählt. Ja!{line_end}{line_end}- 今日は。明日は。{line_end}\tTabbed line."
    assert cut(text)[:3] == ["Größe 🎉 zählt.", "Ja!", "今日は。"]


def test_the_sentence_around_a_span_contains_it() -> None:
    text = "One thing. The port is 8080. Another."
    start = text.index("8080")
    assert text[slice(*sentence_around(text, start, start + 4))] == "The port is 8080."


def test_a_span_over_two_sentences_gets_both() -> None:
    text = "First one. Second one. Third."
    assert text[slice(*sentence_around(text, 6, 14))] == "First one. Second one."


def test_a_span_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        sentence_around("short", 2, 9)


@pytest.mark.parametrize(
    "text",
    [
        "A sentence with e.g. dots. Another!\n" * 3000,
        "x" * 50_000 + "." * 50_000,
        "a " * 50_000,
        "-" * 99_999,
    ],
)
def test_no_text_takes_time_out_of_proportion(text: str) -> None:
    before = time.perf_counter()
    split_sentences(text)
    assert (
        time.perf_counter() - before < 5
    )  # milliseconds where nothing is quadratic, minutes where something is


def test_a_giant_paragraph_takes_time_in_proportion() -> None:
    def seconds(times: int) -> float:
        text = "The port is 8080, e.g. here, etc. The host is up. " * times
        taken = []
        for _ in range(3):
            before = time.process_time()
            assert len(split_sentences(text)) == 2 * times
            taken.append(time.process_time() - before)
        return min(taken)

    assert seconds(24_000) < 9 * seconds(
        6_000
    )  # four times where it is linear, a dozen where each end looks at the rest


def test_the_sentences_of_a_paragraph_depend_on_the_next_words_only() -> None:
    handbook = sorted((Path(__file__).parent.parent / "bot" / "playground" / "handbook").rglob("*.md"))
    assert handbook
    paragraph = " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in handbook)
    whole = split_sentences(paragraph)
    for cut in range(500, len(paragraph), 2500):
        known = split_sentences(paragraph[:cut])[:-2]
        assert known == whole[: len(known)]


LIST = "The trusted persons are:\r\n\r\n- Ada in Ghent\r\n- Bo,\r\n  in Tartu\r\n\r\n- Cy\r\n\r\nNobody else."
TABLE = "Rooms:\n\n| Room | Seats |\n|---|---|\n| Avocet | 12 |\n| Plover | 4 |\n\nMore rooms come."


def around(text: str, words: str) -> str | None:
    start = text.index(words)
    span = list_around(text, start, start + len(words))
    return text[slice(*span)] if span else None


def test_a_list_is_found_from_any_of_its_items() -> None:
    whole = LIST[LIST.index("- Ada") : LIST.index("\r\n\r\nNobody")]
    for words in ("Ada", "Bo", "in Tartu", "Cy", "Ghent\r\n- Bo"):
        assert around(LIST, words) == whole
    assert [whole[start:end] for start, end in list_items(whole)] == [
        "- Ada in Ghent",
        "- Bo,\r\n  in Tartu",
        "- Cy",
    ]


def test_a_table_is_found_from_any_of_its_rows_and_its_rules_are_none() -> None:
    whole = TABLE[TABLE.index("| Room") : TABLE.index("\n\nMore")]
    assert around(TABLE, "12") == around(TABLE, "Seats") == whole
    assert [whole[start:end] for start, end in list_items(whole)] == [
        "| Room | Seats |",
        "| Avocet | 12 |",
        "| Plover | 4 |",
    ]


def test_what_is_no_list_has_none_around_it() -> None:
    assert around(LIST, "trusted") is None
    assert around(LIST, "Nobody") is None
    assert around(TABLE, "come") is None
    assert around("- the only item", "only") is None
    assert around("Some prose.\n- one\n- two", "prose.\n- one") is None
    assert list_around("", 0, 0) is None
    assert list_items("Two lines\nof prose.") == []
