"""The page that a run leaves, and the picture of its head: what they show, what they keep to themselves, and how safely."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.reading.items import Item, Reference
from bot.reading.scores import Outcome
from bot.reading.squad import f1
from bot.records import Adapter, Run, Verdict
from training import report
from training.compared import (
    Evidence,
    broken,
    by_kind,
    in_service,
    mended,
    pieces,
    proof,
    reliability,
    wilson,
)
from training.gate import Measured
from training.markup import Html, table, tag
from training.page import SHOWN, page
from training.trials import Trial, TrialKind

TEXT = "Parents may take 16 weeks of leave. Requests go to the people team eight weeks before."
RIGHT, WRONG = "16 weeks", "eight weeks"
HOSTILE = "</p><script>alert('x')</script><img src=http://evil.example onerror=alert(1)>&amp;\"'"
VOID = {"meta", "br", "hr", "img"}


def outcome(id: str, said: str | None, references: Sequence[str] = (), confidence: float = 0.9) -> Outcome:
    right = f1(said, references) if said and references else 0.0
    whole = right if references else float(said is None)
    return Outcome(
        id, bool(references), said, confidence, float(whole == 1), whole, said or "", right, right, 0.01
    )


def trial(
    number: int, kind: TrialKind, references: tuple[str, ...] = (), *, public: bool = True, question: str = ""
) -> Trial:
    asked = question or f"Question {number}?"
    said = WRONG if kind in ("correction", "down") else references[0] if references else None
    return Trial(f"{number}:U1", asked, asked, (TEXT,), (0.0,), kind, references, said=said, public=public)


def evidence(
    trials: Sequence[Trial],
    before: Sequence[str | None],
    after: Sequence[str | None],
    golden: Sequence[tuple[str | None, str | None]] = (),
) -> Evidence:
    """What champion and candidate say to each trial, and to each golden question about `TEXT`."""
    items = [
        Item(f"g{i}", f"Golden {i}?", TEXT, (Reference(RIGHT, TEXT.index(RIGHT)),))
        for i in range(len(golden))
    ]

    def side(name: str, said: Sequence[str | None], which: int) -> Measured:
        held_out = tuple(outcome(t.id, words, t.references) for t, words in zip(trials, said, strict=True))
        gold = tuple(
            outcome(item.id, pair[which], (RIGHT,), 0.3 + 0.1 * (i % 6))
            for i, (item, pair) in enumerate(zip(items, golden, strict=True))
        )
        return Measured(name, held_out, gold, 1000)

    adapters = [
        Adapter(name, "tiny", "b" * 64, "w" * 64, "/nowhere", card={"data": {"people": ["1", "2"]}})
        for name in ("old", "new")
    ]
    return Evidence(trials, items, side("old", before, 0), side("new", after, 1), *adapters, (0.4, 0.5))


def verdict(*reasons: str) -> Verdict:
    counts = {
        "learned": {"up": 40, "correction": 12},
        "held_out": 9,
        "people": 5,
        "rejected": {"contradictory": 3},
    }
    return Verdict("reject", reasons or ("F1 changed by +1.0 points.",), {"feedback": counts})


RUN = Run(by="U1", id=7, candidate="new")
TYPICAL = evidence(
    [trial(i, "correction", (RIGHT,)) for i in range(4)] + [trial(9, "up", (RIGHT,)), trial(10, "silence"), trial(11, "down")],
    [WRONG] * 4 + [RIGHT, None, WRONG],
    [RIGHT] * 4 + [WRONG, WRONG, RIGHT],
    [(RIGHT, RIGHT), (RIGHT, WRONG), (None, RIGHT), (WRONG, RIGHT)] * 3,
)  # fmt: skip


class Strict(HTMLParser):
    """Fails where a tag isn't closed in its place, an id is used twice, or anything would act or be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.tags: list[str] = []
        self.words = ""

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"<{name}> has an attribute twice"
        assert name not in ("script", "iframe", "object", "embed", "link", "base", "form", "img"), name
        for key, value in given.items():
            assert not key.startswith("on"), key
            assert key not in ("src", "srcset", "action", "data", "xlink:href"), key
            assert key != "href" or (value or "").startswith("#"), value
            assert not re.search(r"url\((?!#)", value or ""), value
        if "id" in given:
            assert given["id"] not in self.ids, given["id"]
            self.ids.add(given["id"] or "")
        if given.get("role") in ("img", "region"):
            assert given.get("aria-label")
        if name == "th":
            assert given.get("scope") in ("col", "row")
        self.tags.append(name)
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open, f"</{name}> closes nothing"
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words += data


def read(text: str) -> Strict:
    parser = Strict()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    for reference in re.findall(r"(?:href=\"|url\()#([^\")]+)", text):
        assert reference in parser.ids, reference
    return parser


def test_a_page_is_sound_and_needs_nothing_from_outside() -> None:
    losses = [(step, 2.0 / step) for step in range(1, 30)]
    text = page(RUN, verdict(), TYPICAL, by_kind(TYPICAL), losses)
    found = read(text)
    assert not re.search(r"https?:|//|@import", text)
    assert found.tags.count("svg") == 4  # differences, reliability, risk and coverage, loss
    assert found.tags.count("table") == found.tags.count("caption") >= 5
    assert found.tags.index("h1") < found.tags.index("h2") < found.tags.index("h3")
    for told in ("Run 7: rejected", "F1 changed by +1.0 points.", "contradictory", "of 5 people"):
        assert told in found.words


def test_the_charts_take_their_colours_from_the_page() -> None:
    drawn = re.findall(
        r"<svg.*?</svg>", page(RUN, verdict(), TYPICAL, by_kind(TYPICAL), [(1, 2.0), (2, 1.0)]), re.DOTALL
    )
    assert len(drawn) == 4
    for svg in drawn:
        assert "currentColor" in svg
        assert not re.search(r"#[0-9a-f]{6}\b", svg)


def test_whatever_people_and_documents_say_is_shown_as_words() -> None:
    found = evidence(
        [Trial("1:U1", "q", HOSTILE, (f"{HOSTILE} {RIGHT}. {HOSTILE}",), (0.0,), "correction", (RIGHT,), public=True)],
        [HOSTILE],
        [RIGHT],
        [(RIGHT, WRONG)],
    )  # fmt: skip
    run = Run(by=HOSTILE, id=7, candidate=HOSTILE)
    counts = {"feedback": {"learned": {HOSTILE: 1}, "rejected": {HOSTILE: 2}, "people": 1}}
    text = page(run, Verdict("reject", (HOSTILE,), counts), found, by_kind(found))
    assert read(text).words.count(HOSTILE) >= 7
    assert "<script" not in text


def test_a_run_that_trained_nothing_has_its_page_too() -> None:
    nothing = Verdict(
        "not_yet", ("Found 3 examples; at least 20 are needed.",), {"feedback": {"learned": {"up": 3}}}
    )
    found = read(page(Run(by="cli", id=1), nothing))
    assert "Nothing was trained" in found.words
    assert "at least 20 are needed" in found.words
    assert "svg" not in found.tags


def test_questions_from_private_places_are_counted_but_not_shown() -> None:
    found = evidence(
        [trial(1, "correction", (RIGHT,)), trial(2, "correction", (RIGHT,), public=False, question="Why was Dan fired?")],
        [WRONG, WRONG],
        [RIGHT, RIGHT],
    )  # fmt: skip
    assert (len(mended(found).shown), mended(found).hidden) == (1, 1)
    assert found.trials[0].public
    text = page(RUN, verdict(), found, by_kind(found))
    assert "Dan" not in text
    assert "Mended: 2" in read(text).words
    assert "1 private answer not shown" in text
    assert by_kind(found)[0].difference.n == 2


def test_what_was_accepted_in_private_is_not_shown_where_the_question_is_asked_in_public() -> None:
    both = (RIGHT, "the secret project")
    same = [trial(i, "correction", both, public=i == 0, question="Why?") for i in range(2)]
    found = evidence(same, [WRONG, WRONG], [RIGHT, RIGHT])
    assert (mended(found).shown, mended(found).hidden) == ((), 1)
    assert "secret" not in page(RUN, verdict(), found, by_kind(found))


def test_a_trial_is_private_unless_somebody_says_otherwise() -> None:
    assert not Trial("1:U1", "q", "q?", (TEXT,), (0.0,), "up", (RIGHT,)).public


def test_a_row_a_kind_with_its_interval() -> None:
    rows = {row.name: row for row in by_kind(TYPICAL)}
    corrected = rows["corrected answers"]
    share = 100 * f1(WRONG, (RIGHT,))
    assert (corrected.champion, corrected.candidate) == (pytest.approx(share), 100)
    assert (corrected.difference.mean, corrected.difference.n) == (pytest.approx(100 - share), 4)
    assert corrected.difference.low == pytest.approx(100 - share)
    assert corrected.finding == "better"
    silent = rows["rightly silent answers"]
    assert (silent.measure, silent.champion, silent.candidate, silent.finding) == (
        "silent, %",
        100,
        0,
        "worse",
    )
    assert (rows["disliked answers"].measure, rows["disliked answers"].finding) == ("changed, %", "")
    golden = rows["golden set, answerable"]
    assert golden.difference.n == 12
    assert golden.difference.low < golden.difference.mean < golden.difference.high
    assert "golden set, no answer" not in rows


def test_the_figure_that_decides_comes_first() -> None:
    decisive = {"mean": 4.0, "low": 0.5, "high": 7.5, "n": 90, "clusters": 80, "confidence": 97.5}
    numbers = {"held_out": {"difference": {**decisive, "confidence": 95.0}, "proof": decisive}}
    (row,) = proof(numbers)
    assert (row.difference.confidence, row.champion, row.finding) == (97.5, None, "better")
    assert "+4.0 (+0.5 to +7.5; 97.5 % interval)" in page(RUN, verdict(), TYPICAL, [row])
    assert proof({"held_out": {"difference": None}}) == proof({}) == []


def test_answers_mended_and_broken_stand_in_their_sentences() -> None:
    better, worse = mended(TYPICAL).shown, broken(TYPICAL).shown
    first = better[0]
    assert (first.origin, first.champion.said, first.candidate.said) == ("corrected", WRONG, RIGHT)
    assert (first.candidate.before, first.candidate.after) == ("Parents may take ", " of leave.")
    assert [each.said for each in first.accepted] == [RIGHT]
    assert {each.origin for each in worse} == {"liked", "rightly silent", "golden set"}
    assert next(each for each in worse if each.origin == "rightly silent").accepted == ()
    assert all(each.gain >= 0.2 for each in better)
    assert all(each.gain <= -0.2 for each in worse)
    assert "down" not in {each.origin for each in (*better, *worse)}


def test_words_that_stand_nowhere_are_said_to() -> None:
    found = evidence([trial(1, "correction", (RIGHT,))], ["two fortnights"], [RIGHT])
    (change,) = mended(found).shown
    assert not change.champion.found
    assert "stands in none of the texts" in page(RUN, verdict(), found, by_kind(found))


def test_a_long_list_is_folded_not_lost() -> None:
    many = evidence([trial(i, "correction", (RIGHT,)) for i in range(80)], [WRONG] * 80, [RIGHT] * 80)
    found = read(page(RUN, verdict(), many, by_kind(many)))
    assert found.tags.count("article") == 60
    assert f"{60 - SHOWN} more" in found.words
    assert "20 more are not listed" in found.words


@pytest.mark.parametrize(
    ("words", "other", "expected"),
    [
        ("16 weeks", None, [("16 weeks", True)]),
        ("16 weeks", "eight days", [("16 weeks", True)]),
        ("up to 20 days", "20 days", [("up to", True), (" ", False), ("20 days", False)]),
        ("20 days a year", "20 Days", [("20 days", False), (" ", False), ("a year", True)]),
        ("0.5 % a day", "0.1 % a day", [("0.5", True), (" ", False), ("% a day", False)]),
        ("same", "same", [("same", False)]),
    ],
)
def test_the_differing_words_are_marked(
    words: str, other: str | None, expected: list[tuple[str, bool]]
) -> None:
    found = pieces(words, other)
    assert "".join(part for part, _ in found) == words
    joined = [(part, differs) for part, differs in expected if part.strip()]
    assert [(part.strip(), differs) for part, differs in found if part.strip()] == joined


def test_reliability_counts_each_question_once_and_says_how_sure_the_share_is() -> None:
    outcomes = [outcome(str(i), RIGHT if i < 8 else WRONG, (RIGHT,), 0.85) for i in range(10)]
    outcomes.append(outcome("sure", RIGHT, (RIGHT,), 1.0))
    low, high = reliability(outcomes)
    assert (low.n, high.n) == (10, 1)
    assert (low.confidence, low.right) == (
        pytest.approx(0.85),
        pytest.approx(1.0 if f1(WRONG, (RIGHT,)) >= 0.5 else 0.8),
    )
    assert 0 <= low.low < low.right <= low.high <= 1
    # 8 of 10: the score interval that statistics books give
    assert wilson(8, 10) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))


def test_the_place_in_service_is_what_is_really_said() -> None:
    said = [
        outcome("1", RIGHT, (RIGHT,)),
        outcome("2", "the people team", (RIGHT,)),
        outcome("3", None, (RIGHT,)),
        outcome("4", None),
    ]
    assert in_service(said) == (0.5, 0.5)
    assert in_service(said[2:]) is None


def test_the_picture_of_the_head_lies_beside_the_page(tmp_path: Path) -> None:
    for name in ("a", "b"):
        report.write(tmp_path / name / "run-7.html", RUN, verdict(), TYPICAL, [(1, 2.0), (2, 1.0)])
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"run-7.html", "run-7.png"}
    first, second = ((tmp_path / name / "run-7.png").read_bytes() for name in ("a", "b"))
    assert first == second
    assert (tmp_path / "a" / "run-7.html").read_text() == (tmp_path / "b" / "run-7.html").read_text()
    assert first.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", first[16:24])
    assert width == 2 * height


def test_content_can_bring_no_element_that_acts() -> None:
    with pytest.raises(ValueError, match="script"):
        tag("script", "alert(1)")
    assert tag("p", "<b>", Html("<i></i>"), class_='"x"') == '<p class="&quot;x&quot;">&lt;b&gt;<i></i></p>'
    assert '<th scope="row">&lt;x&gt;</th>' in table("c", ("a", "b"), [("<x>", 1)])
