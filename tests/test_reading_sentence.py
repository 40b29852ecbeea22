"""Where sentences begin and end, in prose, Markdown and chat."""

import time

import pytest

from bot.reading.sentence import sentence_around, split_sentences


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
