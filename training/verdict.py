"""A verdict for people: its decision in words, its figures as a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.records import Verdict

if TYPE_CHECKING:
    from rich.table import Table

FIGURES = (
    ("F1", "f1"),
    ("exact match", "exact_match"),
    ("F1, answerable", "has_answer_f1"),
    ("silent where no answer", "no_answer_accuracy"),
    ("best span F1", "span_f1"),
    ("abstention rate", "abstention_rate"),
    ("calibration error", "ece"),
    ("ms a question (median)", "latency_p50_ms"),
)

_DECISIONS = {"promote": "promoted", "reject": "rejected", "not_yet": "not yet", "trial": "on trial"}
_MEANING = {
    "promote": "The candidate is better: it goes into service.",
    "reject": "The candidate isn't shown to be better: nothing changes.",
    "not_yet": "There isn't enough evidence yet: nothing changes.",
    "trial": "The candidate looks no worse: a share of the questions goes to it, and people decide.",
}


def decision(verdict: Verdict) -> str:
    return _DECISIONS.get(verdict.decision, verdict.decision)


def meaning(verdict: Verdict) -> str:
    if not verdict.numbers.get("golden") and verdict.decision == "not_yet":
        return "Nothing was trained, so nothing changes."
    return _MEANING.get(verdict.decision, "")


def verdict_table(verdict: Verdict) -> Table:
    """Champion and candidate side by side."""
    from rich.table import Table

    table = Table(title=f"Verdict: {decision(verdict)}", title_justify="left", title_style="bold")
    for name in ("", "champion", "candidate", "difference"):
        table.add_column(name, justify="left" if not name else "right")
    for row in figures(verdict.numbers):
        table.add_row(*row)
    return table


def figures(numbers: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(what, champion, candidate, difference) of each figure that the run came to; none where nothing was trained."""
    held_out, golden = numbers.get("held_out"), numbers.get("golden")
    rows = []
    if held_out:
        for kind, name in (("correction", "corrected"), ("up", "liked"), ("silence", "rightly silent")):
            side = held_out[kind]
            if side["n"]:
                rows.append(
                    _row(f"held out, {name} ({side['n']}): F1", side["champion_f1"], side["candidate_f1"])
                )
        if held_out["difference"]:
            rows.append(
                (
                    f"held out, all ({held_out['difference']['n']}): F1",
                    "",
                    "",
                    _interval(held_out["difference"]),
                )
            )
    if golden:
        for name, key in FIGURES:
            interval = _interval(golden["difference"]) if key == "f1" else None
            rows.append(_row(f"golden: {name}", golden["champion"][key], golden["candidate"][key], interval))
    return rows


def _row(name: str, before: float, after: float, interval: str | None = None) -> tuple[str, str, str, str]:
    return name, f"{before:.1f}", f"{after:.1f}", interval or f"{after - before:+.1f}"


def _interval(difference: dict[str, Any]) -> str:
    return f"{difference['mean']:+.1f} ({difference['low']:+.1f} to {difference['high']:+.1f})"
