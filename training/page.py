"""The page of a run: its verdict, what it learned from, before and after, and what became of single answers.

No script, nothing from outside, every word of people and documents escaped; readable on a phone, on a dark screen, and
by a screen reader.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.reading.scores import calibration_error, risk_coverage
from bot.records import Adapter, Run, Verdict
from training import plots
from training.compared import Change, Changes, Compared, Evidence, Words, broken, mended, pieces, reliability
from training.markup import Html, bullets, join, table, tag, text
from training.plots import Losses
from training.verdict import decision, figures, meaning

SHOWN, UNFOLDED = 8, 60  # answers mended, and as many broken, that the page lists at once, and on a click
LEARNED = {
    "up": "liked answers",
    "down": "disliked answers",
    "down_abstention": "silence disliked",
    "correction": "corrections",
    "silence": "silence asked for",
}
COVERAGES = (0.25, 0.5, 0.75, 1.0)  # at which the risk is given in figures


def page(
    run: Run,
    verdict: Verdict,
    evidence: Evidence | None = None,
    rows: Sequence[Compared] = (),
    losses: Losses = (),
) -> str:
    """The whole document. `rows`: what was proven and `by_kind` of the evidence; a run that trained nothing has neither."""
    parts = [
        *_head(run, verdict),
        *_before_after(rows, verdict.numbers),
        *(_answers(evidence) if evidence else ()),
        *(_curves(evidence) if evidence else ()),
        *_learned(verdict.numbers.get("feedback", {})),
        *_loss(losses),
        *(_lineage(evidence) if evidence else ()),
    ]
    return _PAGE.format(title=text(f"Lorebot run {run.id}"), body=join(parts, "\n"))


def _head(run: Run, verdict: Verdict) -> Iterable[Html]:
    yield tag(
        "h1", f"Run {run.id}: ", tag("strong", decision(verdict), class_=f"decision {verdict.decision}")
    )
    yield tag("p", meaning(verdict), class_="lead")
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started_at))
    yield tag(
        "p",
        f"Asked for by {run.by}, begun {begun}. Candidate: {run.candidate or 'none was trained'}.",
        class_="faint",
    )
    yield bullets(verdict.reasons)


def _learned(counts: Mapping[str, Any]) -> Iterable[Html]:
    """What the feedback taught, and what of it taught nothing, and why."""
    learned, rejected = counts.get("learned", {}), counts.get("rejected", {})
    by = counts.get("people")
    yield tag("h2", "Learned from feedback")
    rows = [(LEARNED.get(kind, kind), number) for kind, number in learned.items()]
    caption = "Examples" + (f", of {by} people" if by else "")
    left = table(caption, ("kind", "number"), [*rows, ("held out to judge on", counts.get("held_out", 0))])
    if not rejected:
        yield left
        return
    commonest = sorted(rejected.items(), key=lambda each: -each[1])
    right = table("Rejected: teaches nothing", ("why", "pieces"), commonest)
    yield tag("div", left, right, class_="columns")


def _before_after(rows: Sequence[Compared], numbers: Mapping[str, Any]) -> Iterable[Html]:
    if rows:
        yield tag("h2", "Before and after")
        summary = "; ".join(f"{row.name} {row.difference.mean:+.1f} points" for row in rows)
        yield _figure(
            plots.difference_chart(rows),
            f"Differences between candidate and champion with 95 % intervals: {summary}.",
            "Each dot is a mean difference, its bar the 95 % interval; left of the line the champion was better.",
            class_="wide",
        )
        yield table(
            "By kind of feedback, and on the golden set; difference with its 95 % interval",
            ("", "difference", "champion", "candidate", "measured", "n"),
            [
                (
                    row.name,
                    _difference(row),
                    "" if row.champion is None else f"{row.champion:.1f}",
                    "" if row.candidate is None else f"{row.candidate:.1f}",
                    row.measure,
                    row.difference.n,
                )
                for row in rows
            ],
        )
    if golden := [row for row in figures(numbers) if row[0].startswith("golden")]:
        whole = table("The golden set's other figures", ("", "champion", "candidate", "difference"), golden)
        yield tag("details", tag("summary", "All figures on the golden set"), whole)


def _difference(row: Compared) -> Html:
    d = row.difference
    surer = "" if d.confidence == 95 else f"; {d.confidence:.4g} % interval"
    interval = f"{d.mean:+.1f} ({d.low:+.1f} to {d.high:+.1f}{surer}) "
    return join((interval, tag("span", row.finding, class_=row.finding.replace(" ", "-"))))


def _curves(evidence: Evidence) -> Iterable[Html]:
    """On the golden set only: of people's questions, those with a known answer are those that went wrong."""
    before, after = evidence.before.golden, evidence.after.golden
    if not before:
        return
    sides = (("champion", before), ("candidate", after))
    yield tag("h2", "Sureness")
    yield tag(
        "p",
        "Both on the golden set. Corrected answers would mislead here: they are those that the champion got wrong.",
        class_="faint",
    )
    errors = [
        f"{name} {100 * calibration_error([o.confidence for o in side], [o.right for o in side]):.1f}"
        for name, side in sides
    ]
    bins = [
        (f"{name}, {bin.confidence:.0%} sure", f"{bin.right:.0%} ({bin.low:.0%} to {bin.high:.0%})", bin.n)
        for name, side in sides
        for bin in reliability(side)
    ]
    reliable = _figure(
        plots.reliability_chart(before, after),
        f"Reliability diagram; calibration error: {', '.join(errors)}.",
        f"Right against sure: on the dotted line, 70 % sure is 70 % right. Calibration error: {', '.join(errors)}.",
        table("Reliability by tenth of confidence", ("", "right (95 % interval)", "questions"), bins),
    )
    curves = [
        (name, risk_coverage([o.confidence for o in side], [o.right for o in side])) for name, side in sides
    ]
    at = [
        (
            f"{share:.0%} answered",
            *(f"{curve[max(round(share * len(curve)) - 1, 0)][1]:.0%}" for _, curve in curves),
        )
        for share in COVERAGES
    ]
    risky = _figure(
        plots.coverage_chart(before, after, evidence.thresholds),
        "Risk-coverage curves: the share of wrong answers by the share of questions answered.",
        "Lower is better: the less is answered, the less should be wrong. Diamonds: where each stands in service.",
        table("Wrong answers by share answered", ("", "champion", "candidate"), at),
    )
    yield tag("div", reliable, risky, class_="columns")


def _loss(losses: Losses) -> Iterable[Html]:
    if len(losses) > 1:
        (first, begun), (last, ended) = losses[0], losses[-1]
        yield tag("h2", "Training")
        yield _figure(
            plots.loss_chart(losses),
            f"Training loss from {begun:.3g} at step {first} to {ended:.3g} at step {last}.",
            f"Training loss: {begun:.3g} at step {first}, {ended:.3g} at step {last}.",
            class_="half",
        )


def _answers(evidence: Evidence) -> Iterable[Html]:
    """Mended and broken beside each other: what a gain was paid with."""
    yield tag("h2", "Answers mended and broken")
    yield tag(
        "p",
        "The answer is bold; ",
        tag("mark", "marked"),
        " is what the other one doesn't say.",
        class_="faint",
    )
    sides = [
        tag("section", tag("h3", f"{name}: {len(found.shown) + found.hidden}"), *_cards(found))
        for name, found in (("Mended", mended(evidence)), ("Broken", broken(evidence)))
    ]
    yield tag("div", *sides, class_="columns")


def _cards(found: Changes) -> Iterable[Html]:
    yield from map(_card, found.shown[:SHOWN])
    if more := found.shown[SHOWN:UNFOLDED]:
        yield tag("details", tag("summary", f"{len(more)} more"), *map(_card, more))
    if len(found.shown) > UNFOLDED:
        yield tag("p", f"{len(found.shown) - UNFOLDED} more are not listed.", class_="faint")
    if found.hidden:
        noun = "answer" if found.hidden == 1 else "answers"
        yield tag("p", f"{found.hidden} private {noun} not shown.", class_="faint")


def _card(change: Change) -> Html:
    a, b = change.champion, change.candidate
    lines = [
        tag("dt", "champion", class_="champion"),
        tag("dd", _said(a, b.said)),
        tag("dt", "candidate", class_="candidate"),
        tag("dd", _said(b, a.said)),
        tag("dt", "accepted"),
        tag("dd", join((_accepted(each, a, b) for each in change.accepted), tag("br")) or "silence"),
    ]
    title = tag("h4", change.question, " ", tag("small", change.origin))
    return tag("article", title, tag("dl", *lines))


def _said(words: Words, other: str | None) -> Html:
    if words.said is None:
        guess = (
            f" (its best guess, unsaid: {words.guess}; {words.confidence:.0%} sure)" if words.guess else ""
        )
        return join((tag("em", "silent"), tag("span", guess, class_="faint") if guess else ""))
    marked = [tag("mark", part) if differs else text(part) for part, differs in pieces(words.said, other)]
    note = "" if words.found else tag("span", " (stands in none of the texts)", class_="faint")
    sure = tag("span", f" {words.confidence:.0%} sure", class_="faint")
    return join((words.before, tag("b", *marked), words.after, note, sure))


def _accepted(words: Words, *shown: Words) -> Html:
    """Accepted words, in their sentence where neither answer has shown it."""
    here = f"{words.before}{words.said}{words.after}"
    if any(f"{each.before}{each.said}{each.after}" == here for each in shown if each.said):
        return tag("b", words.said)
    return join((words.before, tag("b", words.said), words.after))


def _lineage(evidence: Evidence) -> Iterable[Html]:
    """The cards of both, side by side: where each comes from and what it learned."""
    pair = [each for each in (evidence.champion, evidence.candidate) if each is not None]
    if pair:
        cards = [_card_lines(each) for each in pair]
        names = list(dict.fromkeys(name for card in cards for name in card))
        rows = [(name, *(card.get(name, "") for card in cards)) for name in names]
        yield tag("h2", "Lineage")
        yield table("The adapters' cards", ("", "champion", "candidate")[: len(pair) + 1], rows)


def _card_lines(adapter: Adapter) -> dict[str, object]:
    card = adapter.card
    data = card.get("data", {})
    examples = data.get("examples", {})
    lines: dict[str, object] = {
        "id": tag("code", adapter.id),
        "made from": tag("code", adapter.parent) if adapter.parent else "the base alone",
        "base": join((adapter.base, " ", tag("code", adapter.base_sha256[:12]))),
        "weights": tag("code", adapter.sha256[:12]),
        "made at": card.get("created", ""),
        "in run": card.get("run", ""),
        "examples": ", ".join(f"{name} {count}" for name, count in examples.items()),
        "answers from": card.get("min_confidence", ""),
    }
    people = data.get("people")
    if people is not None:
        lines["people"] = len(people)
    return {name: value for name, value in lines.items() if value != ""}


def _figure(chart: Html, alternative: str, caption: str, *figures: Html, class_: str | None = None) -> Html:
    """A chart with what it shows in words, and in figures for whoever wants them."""
    inner = [tag("div", chart, role="img", aria_label=alternative), tag("figcaption", caption)]
    if figures:
        inner.append(tag("details", tag("summary", "In figures"), *figures))
    return tag("figure", *inner, class_=class_)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root {{ color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --faint: #69727d; --line: #d9dde2; --card: #f6f7f9;
  --champion: #b45309; --candidate: #1d6fa5; --better: #15803d; --worse: #b91c1c; --mark: #ffe58a }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: #16191d; --ink: #e3e6ea; --faint: #9aa3ad; --line: #343a42;
  --card: #1f242a; --champion: #f0a04b; --candidate: #63b0e6; --better: #4ac26b; --worse: #f47067; --mark: #6b5a12 }} }}
* {{ box-sizing: border-box }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 0 auto; padding: 1.5rem 1rem 4rem;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere }}
h1 {{ font-size: 2rem; line-height: 1.2; margin: 0.5rem 0 }}
h2 {{ font-size: 1.3rem; margin: 2.5rem 0 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line) }}
h3 {{ font-size: 1.1rem; margin: 0.5rem 0 }} h4 {{ font-size: 1rem; margin: 0 0 0.4rem }}
h4 small {{ font-weight: normal; color: var(--faint); white-space: nowrap }}
.lead {{ font-size: 1.2rem; margin: 0.25rem 0 }} .faint, figcaption, caption {{ color: var(--faint) }}
.faint, figcaption, small {{ font-size: 0.875rem }}
.promote, .better {{ color: var(--better) }} .reject, .worse {{ color: var(--worse) }}
.columns {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 2rem;
  align-items: start }}
.scrolls {{ overflow-x: auto; margin: 0.5rem 0 1rem }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal }}
caption {{ text-align: left; font-size: 0.875rem; padding-bottom: 0.25rem }}
th, td {{ text-align: left; padding: 0.3rem 1.1rem 0.3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }}
th[scope="row"] {{ font-weight: normal }} td {{ white-space: nowrap }} .columns td {{ white-space: normal }}
figure {{ margin: 0.5rem 0 1rem; min-width: 0 }} figure.half {{ max-width: 33rem }}
figure.wide {{ max-width: 40rem }}
.chart {{ display: block; width: 100%; height: auto }}
summary {{ cursor: pointer; color: var(--faint); padding: 0.25rem 0 }}
article {{ background: var(--card); border-radius: 0.5rem; padding: 0.8rem 1rem; margin: 0 0 0.8rem }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 0.9rem; margin: 0; font-size: 0.94rem }}
dt {{ color: var(--faint) }} dt.champion {{ color: var(--champion) }} dt.candidate {{ color: var(--candidate) }}
dd {{ margin: 0 }}
mark {{ background: var(--mark); color: inherit; border-radius: 0.2rem; padding: 0 0.1em }}
code {{ font-size: 0.9em }}
@media print {{ article, figure {{ break-inside: avoid }} }}
</style></head><body><main>
{body}
</main></body></html>
"""
