"""Windows over the real base's tokenizer: exact offsets, whole answers."""

import logging

import pytest

from bot.reading.bases import DEFAULT_BASE, locate
from bot.reading.windows import MAX_LENGTH, WindowCutter, load_cutter


@pytest.fixture(scope="module")
def cutter() -> WindowCutter:
    return load_cutter(locate(DEFAULT_BASE).folder)


@pytest.mark.parametrize(
    "answer", ["Größe", "8080", "🎉 party", "naïve café", "ＦＵＬＬ", "日本語", "a\tb", "e\u0301te\u0301"]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_span_comes_back_exactly(cutter: WindowCutter, answer: str, line_end: str) -> None:
    text = f"Zuerst: 👩‍💻 code.{line_end}\tThen {answer} here.{line_end}End"
    start = text.index(answer)
    (window,) = cutter.cut("What?", [text])
    found = window.position_span(start, start + len(answer))
    assert found is not None
    first, last = (position - window.first for position in found)
    assert text[window.offsets[first][0] : window.offsets[last][1]] == answer


def test_a_long_passage_is_covered_with_overlap(cutter: WindowCutter) -> None:
    text = " ".join(f"word{i}" for i in range(900))
    windows = cutter.cut("What is it?", [text])
    assert len(windows) > 2
    assert all(len(window.ids) <= MAX_LENGTH for window in windows)
    for start in range(0, len(text) - 40, 97):
        assert any(window.position_span(start, start + 40) for window in windows)
    assert windows[0].offsets[0][0] == 0
    assert windows[-1].offsets[-1][1] == len(text)


def test_a_span_across_the_edge_of_a_window_is_not_in_it(cutter: WindowCutter) -> None:
    text = " ".join(f"word{i}" for i in range(900))
    first, second = cutter.cut("What is it?", [text])[:2]
    edge = first.offsets[-1][1]
    assert first.position_span(edge - 4, edge + 8) is None
    assert second.position_span(edge - 4, edge + 8) is not None


def test_a_long_question_is_cut_and_told(cutter: WindowCutter, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (window,) = cutter.cut("why " * 300, ["Short."])
    assert window.first == 66
    assert "300 tokens" in caplog.text


def test_empty_passages_have_no_window_and_keep_the_others_apart(cutter: WindowCutter) -> None:
    assert [window.passage for window in cutter.cut("What?", ["", "One.", "  ", "Two."])] == [1, 3]


def test_text_that_looks_like_a_special_token_is_only_text(cutter: WindowCutter) -> None:
    (window,) = cutter.cut("What?", ["Say [SEP] or [CLS] now."])
    assert window.ids.count(window.ids[-1]) >= 2
    assert window.offsets[0] == (0, 3)
