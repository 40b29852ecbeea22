"""A run's outcome for people: a small table on the terminal, and a page of its own that needs nothing from outside."""

from __future__ import annotations

import html
import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.records import Run, Verdict
from training.gate import Measured
from training.trials import Trial

if TYPE_CHECKING:
    from rich.table import Table

Losses = Sequence[tuple[int, float]]
"""(step, mean training loss since the last one)."""

SHOWN = 20  # answers listed a table

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

_DECISIONS = {"promote": "promoted", "reject": "rejected", "not_yet": "not yet"}


def verdict_table(verdict: Verdict) -> Table:
    """Champion and candidate side by side."""
    from rich.table import Table

    table = Table(title=f"Verdict: {_DECISIONS[verdict.decision]}", title_justify="left", title_style="bold")
    for name in ("", "champion", "candidate", "difference"):
        table.add_column(name, justify="left" if not name else "right")
    for row in figures(verdict.numbers):
        table.add_row(*row)
    return table


def figures(numbers: dict[str, Any]) -> list[tuple[str, str, str, str]]:
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


def losses_of(checkpoints: Path) -> Losses:
    """The losses that the Trainer noted in its newest checkpoint; none where it kept none."""
    states = sorted(
        checkpoints.glob("checkpoint-*/trainer_state.json"), key=lambda path: path.stat().st_mtime
    )
    if not states:
        return ()
    history = json.loads(states[-1].read_text(encoding="utf-8")).get("log_history", [])
    return tuple((int(row["step"]), float(row["loss"])) for row in history if "loss" in row)


def write(
    path: Path,
    run: Run,
    verdict: Verdict,
    trials: Sequence[Trial] = (),
    before: Measured | None = None,
    after: Measured | None = None,
    losses: Losses = (),
) -> None:
    """Writes the page of a run, whole or not at all. Raises OSError where the folder can't be written."""
    parts = [
        f"<h1>Run {run.id}: {_DECISIONS[verdict.decision]}</h1>",
        f"<p>Asked for by {_(run.by)}, begun {time.strftime('%Y-%m-%d %H:%M', time.localtime(run.started_at))}. "
        f"Candidate: {_(run.candidate or 'none was trained')}.</p>",
        _list(verdict.reasons),
        "<h2>Learned from</h2>",
        *_learned(verdict.numbers.get("feedback", {})),
    ]
    rows = figures(verdict.numbers)
    if rows:
        parts += ["<h2>Before and after</h2>", _table(("", "champion", "candidate", "difference"), rows)]
    if before and after:
        parts += _answers(trials, before, after)
    if len(losses) > 1:
        parts += ["<h2>Training loss</h2>", loss_plot(losses)]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(_PAGE.format(title=f"Lorebot run {run.id}", body="\n".join(parts)), encoding="utf-8")
    os.replace(draft, path)


def loss_plot(losses: Losses, width: int = 640, height: int = 200) -> str:
    """An SVG line of the loss over the steps."""
    last, most = max(step for step, _ in losses), max(loss for _, loss in losses) or 1.0
    points = " ".join(
        f"{40 + (width - 60) * step / max(last, 1):.1f},{height - 25 - (height - 45) * loss / most:.1f}"
        for step, loss in losses
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="training loss by step">'
        f'<path d="M40 20V{height - 25}H{width - 20}" fill="none" stroke="#999"/>'
        f'<polyline points="{points}" fill="none" stroke="#2a6f97" stroke-width="2"/>'
        f'<text x="36" y="24" text-anchor="end">{most:.2g}</text><text x="36" y="{height - 22}" text-anchor="end">0</text>'
        f'<text x="{width - 20}" y="{height - 8}" text-anchor="end">step {last}</text></svg>'
    )


def _learned(counts: dict[str, Any]) -> Iterable[str]:
    learned = counts.get("learned", {})
    yield _table(
        ("examples", "number"), [*learned.items(), ("held out to judge on", counts.get("held_out", 0))]
    )
    rejected = counts.get("rejected", {})
    if rejected:
        yield "<h2>Teaches nothing</h2>"
        yield _table(("reason", "pieces of feedback"), list(rejected.items()))


def _answers(trials: Sequence[Trial], before: Measured, after: Measured) -> Iterable[str]:
    """Held-out answers that the candidate mends, and those that it breaks."""
    rows = [row for row in zip(trials, before.trials, after.trials, strict=True) if row[0].kind != "down"]
    for title, sign in (("Answers mended", 1), ("Answers broken", -1)):
        differing = [(t, a, b) for t, a, b in rows if sign * (b.f1 - a.f1) >= 0.2]
        yield f"<h2>{title}: {len(differing)}</h2>"
        if differing:
            yield _table(
                ("question", "champion", "candidate", "accepted"),
                [
                    (
                        t.question,
                        a.answer or "(silent)",
                        b.answer or "(silent)",
                        " / ".join(t.references) or "(silence)",
                    )
                    for t, a, b in differing[:SHOWN]
                ],
            )


def _row(name: str, before: float, after: float, interval: str | None = None) -> tuple[str, str, str, str]:
    return name, f"{before:.1f}", f"{after:.1f}", interval or f"{after - before:+.1f}"


def _interval(difference: dict[str, Any]) -> str:
    return f"{difference['mean']:+.1f} ({difference['low']:+.1f} to {difference['high']:+.1f})"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    top = "".join(f"<th>{_(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{_(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_(line)}</li>' for line in lines)}</ul>"


def _(value: object) -> str:
    return html.escape(str(value))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
table {{ border-collapse: collapse; margin: 0.5rem 0 1.5rem }}
th, td {{ text-align: left; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid #ddd; vertical-align: top }}
svg text {{ font-size: 12px; fill: #555 }}
@media (prefers-color-scheme: dark) {{ body {{ background: #181818; color: #ddd }} th, td {{ border-color: #444 }} }}
</style></head><body>
{body}
</body></html>
"""
