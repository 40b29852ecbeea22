"""What `lorebot ask` prints: the answer with its sentence, and with --explain how the reader came to it.

1 what was asked for, the threshold and why there is an answer, or none, in one sentence
2 the candidates with their scores
3 what each feature adds to the log-odds of the best one's being right
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bot.records import Answer, Question, Reading, Weighed
from bot.slack import words
from bot.slack.looks.display import CLOSEST, closest, gist, source_name, without_markdown
from bot.slack.looks.markup import cut

if TYPE_CHECKING:
    from bot.answering import Answerer

WIDTH = 100
FORMS = {"span": "a few words", "yes_no": "yes or no: a sentence", "list": "a list, or a sentence"}
FEATURES = {
    "bias": "before anything is known",
    "score": "score, against silence",
    "log_probability": "ln P of these words in their window",
    "silence": "ln P that no passage answers",
    "support": "the same words elsewhere, logits",
    "lead_here": "lead over the next in its passage",
    "lead_elsewhere": "lead over the other passages",
    "question_words": "words of the question, ln(1 + n)",
    "answer_words": "words of the answer, ln(1 + n)",
    "passages": "passages read, ln n",
    "lacking": "share of the question's words not there",
    "lacking_names": "its names and numbers not there, ln(1 + n)",
    "searched": "found by search, not given",
    "nearest": "similarity of the nearest passage",
    "behind": "prior of its passage, logits",
}
"""The calibrator's features, in a few words; one that is missing here is shown by its name."""


def as_data(answer: Answer, min_confidence: float) -> dict[str, Any]:
    """The answer as one JSON object. `passage_text[start:end]` is what is said; `span` is what the reader chose in it."""
    evidence = answer.evidence
    start, end = answer.place
    return {
        "answer": answer.text,
        "abstained": answer.abstained,
        "confidence": round(answer.confidence, 4),
        "sure": None if answer.abstained else words.sure(answer.confidence),
        "min_confidence": min_confidence,
        "sentence": answer.sentence or None,
        "source": None
        if evidence is None
        else {
            "title": evidence.title,
            "heading": evidence.heading,
            "link": evidence.link,
            "passage": evidence.passage_id,
        },
        "start": start if answer.text and answer.grounded else None,
        "end": end if answer.text and answer.grounded else None,
        "span": {"text": answer.chosen_words, "start": answer.start, "end": answer.end}
        if answer.text
        else None,
        "passage_text": evidence.text if evidence else None,
        "grounded": answer.grounded,
        "from_memory": answer.from_memory,
        "adapter": answer.adapter,
        "candidates": [asdict(each) for each in answer.candidates],
        "closest": [asdict(each) for each in answer.offered[:CLOSEST]],
        "answer_id": answer.id,
        "seconds": round(answer.seconds, 4),
    }


def explained(answerer: Answerer, question: Question, answer: Answer) -> dict[str, Any]:
    """How the reader came to an answer, as JSON-able data: its candidates, and what its confidence is made of."""
    from bot.answering import form_of, priors

    threshold, weights = answerer.threshold(), priors(answer.offered)
    reading = None if answer.from_memory else answerer.read_again(question, answer)
    weighed = _weighed(reading, answer) if reading else ()
    return {
        "asked_for": form_of(question),
        "threshold": threshold._asdict(),
        "why": _why(answer, threshold.value),
        "silence": reading.silence if reading else None,
        "candidates": [
            {
                "rank": rank,
                "text": each.text,
                "source": source_name(answer.offered[each.passage]),
                "passage": answer.offered[each.passage].passage_id,
                "start": each.start,
                "end": each.end,
                "score": each.score,
                "log_probability": each.log_probability,
                "prior": weights[each.passage],
                "similarity": answer.offered[each.passage].similarity,
                "probability": each.confidence,
            }
            for rank, each in enumerate(answer.candidates, 1)
        ],
        "features": [asdict(each) for each in weighed],
        "log_odds": sum(each.log_odds for each in weighed) if weighed else None,
    }


def _weighed(reading: Reading, answer: Answer) -> tuple[Weighed, ...]:
    """What the confidence of the answer's best candidate is made of; empty where the reader doesn't tell."""
    for candidate, weighed in zip(reading.candidates, reading.weighed, strict=False):
        if answer.candidates and candidate.text == answer.candidates[0].text:
            return weighed
    return ()


def print_answer(answer: Answer, out: Console) -> None:
    """The answer with the sentence it stands in, once where it is that sentence; or that it isn't known, and what was near."""
    evidence = answer.evidence
    if answer.text is None or evidence is None:
        out.print(Text(words.DONT_KNOW if answer.offered else words.DONT_KNOW_NOTHING_FOUND, "bold"))
        for i, each in enumerate(closest(answer.offered)):
            label = words.CLOSEST if i == 0 else " " * len(words.CLOSEST)
            out.print(Text(f"  {label} ", "dim").append(source_name(each)).append(f": {gist(each)}", "dim"))
        return
    if answer.text != answer.sentence:
        out.print(Text(answer.text, "bold"))
    sentence = Text("  " + answer.sentence if answer.text != answer.sentence else answer.sentence)
    at = len(sentence) - len(answer.sentence) + answer.start - answer.sentence_start
    if answer.grounded:
        sentence.stylize("bold", at, at + answer.end - answer.start)
    out.print(sentence)
    if not answer.grounded:
        out.print(Text(f"  {words.UNGROUNDED}", "yellow"))
    how = "taught" if answer.from_memory else words.sure(answer.confidence).lower()
    named = (source_name(evidence), evidence.link or "", how)
    out.print(Text("  " + " · ".join(part for part in named if part), "dim"))


def print_explanation(explanation: dict[str, Any], out: Console) -> None:
    """The explanation in at most `WIDTH` columns."""
    narrow = Console(file=out.file, width=min(out.width, WIDTH), highlight=False)
    threshold = explanation["threshold"]
    narrow.print()
    narrow.print(Text(explanation["why"]))
    form = FORMS[explanation["asked_for"]]
    narrow.print(
        Text(f"Asked for: {form}. Threshold: {threshold['value']:.2f}, from {threshold['origin']}.", "dim")
    )
    if explanation["candidates"]:
        narrow.print(_candidates(explanation["candidates"]))
    if explanation["features"]:
        narrow.print(_features(explanation))


def _candidates(candidates: list[dict[str, Any]]) -> Table:
    table = Table(title="Candidates", title_justify="left", box=None, pad_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("words", no_wrap=True, ratio=3)
    table.add_column("in", no_wrap=True, ratio=3, style="dim")
    for name in ("score", "ln P", "prior", "probability"):
        table.add_column(name, justify="right", no_wrap=True)
    table.expand = True
    for each in candidates:
        table.add_row(
            str(each["rank"]),
            escape(without_markdown(each["text"])),
            escape(each["source"]),
            f"{each['score']:+.2f}",
            f"{each['log_probability']:.2f}",
            f"{each['prior']:+.2f}",
            f"{each['probability']:.3f}",
        )
    return table


def _features(explanation: dict[str, Any]) -> Table:
    table = Table(
        title="\nWhat the first one's probability is made of", title_justify="left", box=None, pad_edge=False
    )
    table.add_column("feature", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("log-odds", justify="right")
    for each in sorted(explanation["features"], key=lambda each: -abs(each["log_odds"])):
        name = FEATURES.get(each["feature"], each["feature"])
        table.add_row(name, f"{each['value']:.2f}", f"{each['log_odds']:+.2f}")
    table.add_row("together", "", f"{explanation['log_odds']:+.2f}", style="bold")
    return table


def _why(answer: Answer, threshold: float) -> str:
    """Why there is an answer, or none, in one sentence."""
    if answer.from_memory:
        return "Somebody taught the answer to this very question, so no text was read."
    if not answer.offered:
        return "Abstained: search found no text to read."
    if not answer.candidates:
        return "Abstained: the texts that were found hold no words that could be an answer."
    best = answer.candidates[0]
    said = cut(without_markdown(best.text), 60)
    verdict, side = ("Abstained", "below") if answer.abstained else ("Answered", "not below")
    return f"{verdict}: “{said}” is right with a probability of {best.confidence:.2f}, {side} the threshold of {threshold:.2f}."
