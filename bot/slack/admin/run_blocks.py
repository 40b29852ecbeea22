"""What a retraining and the state of things look like: one progress message, its verdict, the status."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, TypeGuard

from bot.records import Promotion, Run
from bot.slack import words
from bot.slack.looks.markup import cut, escape, literal, mention, one_line
from bot.slack.looks.rich import (
    BAR,
    Json,
    Posting,
    actions,
    button,
    confirm,
    context,
    mrkdwn_section,
    paragraph,
    plain_section,
    posting,
    rich_text,
)
from bot.slack.looks.rich import words as leaf
from bot.slack.services import Status
from bot.watching import Standoff

BAR_LENGTH = 20
CANCEL_RUN = "cancel_run"


def starting() -> Posting:
    return posting([plain_section(words.RETRAIN_STARTING), rich_text(paragraph(leaf(_bar(0.0))))])


def progress(run: Run) -> Posting:
    percent = _percent(run.progress)
    line = words.PROGRESS.format(stage=one_line(run.stage), percent=percent)
    if run.cancel is not None:
        line = words.RUN_STOPPING
    blocks = [plain_section(line), rich_text(paragraph(leaf(_bar(run.progress))))]
    below = " · ".join(part for part in (_asked_by(run), literal(cut(run.detail, 300))) if part)
    if below:
        blocks.append(context(below))
    if run.cancel is None and run.verdict is None:
        blocks.append(actions(cancel_button(run)))
    return posting(blocks)


def outcome(run: Run) -> Posting:
    """How a run ended: the verdict with its figures, or the one line of what stopped it."""
    if run.state == "failed" and run.cancel is not None:
        return posting([plain_section(words.RUN_CANCELLED), mrkdwn_section(_cancelled(run.cancel))])
    if run.state == "failed":
        line = words.RUN_FAILED.format(why=one_line(run.error or "?"))
        return posting([plain_section(line), plain_section(words.RUN_FAILED_CALM)])
    line = headline(run)
    blocks: list[Json] = [plain_section(line)]
    if run.verdict is not None:
        if figures := before_after(run.verdict.numbers):
            blocks.append(mrkdwn_section("\n".join(figures)))
        if run.verdict.reasons:
            reasons = "\n".join(f"• {one_line(each)}" for each in run.verdict.reasons)
            blocks.append(rich_text(paragraph(leaf(reasons))))
    below = " · ".join(part for part in (_asked_by(run), _code(run.candidate)) if part)
    if below:
        blocks.append(context(below))
    return posting(blocks)


def headline(run: Run) -> str:
    if run.state == "failed" and run.cancel is not None:
        return words.RUN_CANCELLED
    if run.state == "failed":
        return words.RUN_FAILED.format(why=one_line(run.error or "?"))
    if run.promoted:
        return words.RUN_PROMOTED
    if run.verdict is None:
        return words.RUN_NO_VERDICT
    return words.RUN_DECISIONS.get(run.verdict.decision, words.RUN_REJECTED)


def before_after(numbers: Mapping[str, Any]) -> list[str]:
    """A line a figure, where the gate's numbers have it of both champion and candidate: the golden set, then feedback."""
    golden, held_out = _inside(numbers, "golden"), _inside(numbers, "held_out")
    before, after = _inside(golden, "champion"), _inside(golden, "candidate")
    lines = [_pair(name, before.get(key), after.get(key)) for key, name in words.SCORE_NAMES]
    for kind, name in words.HELD_OUT_NAMES:
        group = _inside(held_out, kind)
        lines.append(
            _pair(name.format(n=group.get("n")), group.get("champion_f1"), group.get("candidate_f1"))
        )
    return [line for line in lines if line]


def swapped(promotion: Promotion) -> Posting:
    line = words.SWAPPED.format(adapter=promotion.adapter)
    if promotion.run_id is None:
        line = words.SWAPPED_BACK.format(adapter=promotion.adapter, why=one_line(promotion.why))
    return posting([plain_section(line)])


def in_service(now: Status) -> list[str]:
    """Lines in mrkdwn: which adapter answers, how well, and what it answers from."""
    champion = words.STATUS_CHAMPION_MD.format(adapter=_code(now.champion))
    if now.since:
        champion += words.STATUS_SINCE_MD.format(since=when(now.since))
    lines = [champion]
    card = _scores(now.scores)
    named = [(name, card[key]) for key, name in words.SCORE_NAMES if _is_number(card.get(key))]
    if named:
        scores = ", ".join(f"{name} {_figure(value)}" for name, value in named)
        lines.append(words.STATUS_SCORES_MD.format(scores=scores))
    lines.append(
        words.STATUS_KNOWS_MD.format(documents=now.documents, passages=now.passages, taught=now.taught)
    )
    return lines


def said_of_it(now: Status) -> list[str]:
    """Lines in mrkdwn: the feedback there is, and the live trial that is open."""
    votes, new = now.feedback, now.new_feedback
    line = words.STATUS_FEEDBACK_MD.format(up=votes.up, down=votes.down, corrections=votes.corrections)
    line += words.STATUS_NEW_MD.format(up=new.up, down=new.down, corrections=new.corrections)
    return [line] if now.trial is None else [line, _on_trial(now.trial)]


def status(now: Status) -> Posting:
    lines = in_service(now)
    lines.append(
        words.STATUS_WEEK_MD.format(questions=now.questions, answered=now.answered, abstained=now.abstained)
    )
    lines += said_of_it(now)
    if now.running is not None:
        stage, percent = literal(now.running.stage), _percent(now.running.progress)
        lines.append(words.STATUS_RUNNING_MD.format(stage=stage, percent=percent))
    if now.next_retraining is None:
        lines.append(words.STATUS_NEVER_MD)
    else:
        lines.append(words.STATUS_NEXT_MD.format(when=when(now.next_retraining)))
    return posting([mrkdwn_section("\n".join(lines))])


def _on_trial(trial: Standoff) -> str:
    return words.STATUS_TRIAL_MD.format(
        adapter=_code(trial.adapter),
        other=_code(trial.other),
        percent=_percent(trial.share),
        since=when(trial.since),
        ups=trial.tally.ups,
        votes=trial.tally.votes,
        other_ups=trial.other_tally.ups,
        other_votes=trial.other_tally.votes,
    )


def when(seconds: float) -> str:
    """A time that Slack shows in each reader's own time zone."""
    fallback = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
    return f"<!date^{int(seconds)}^{{date_short_pretty}} {{time}}|{fallback}>"


def cancel_button(run: Run, action_id: str = CANCEL_RUN) -> Json:
    ask = confirm(words.RUN_CANCEL_TITLE, words.RUN_CANCEL_ASK, words.RUN_CANCEL_YES, words.RUN_CANCEL_NO)
    return {**button(words.RUN_CANCEL, action_id, str(run.id)), "confirm": ask}


def _cancelled(by: str) -> str:
    """Who ended a run, and what becomes of it."""
    if (who := mention(by)) is not None:
        return words.RUN_CANCELLED_BY_MD.format(by=who, calm=words.RUN_CANCELLED_CALM)
    why = words.RUN_CANCELLED_WHY.get(by, "")
    return f"{why} {words.RUN_CANCELLED_CALM if by == 'cli' else words.RUN_FAILED_CALM}".strip()


def _bar(progress: float) -> str:
    full = round(_percent(progress) / 100 * BAR_LENGTH)
    return BAR[0] * full + BAR[1] * (BAR_LENGTH - full)


def _percent(progress: float) -> int:
    return round(min(max(progress, 0.0), 1.0) * 100)


def _asked_by(run: Run) -> str:
    who = mention(run.by)
    return words.PROGRESS_BY_MD.format(by=who) if who else ""


def _code(name: str | None) -> str:
    return f"`{escape(one_line(name).replace('`', ''))}`" if name else ""


def _inside(numbers: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = numbers.get(name)
    return found if isinstance(found, Mapping) else {}


def _pair(name: str, before: object, after: object) -> str:
    if not (_is_number(before) and _is_number(after)):
        return ""
    return words.BEFORE_AFTER_MD.format(name=name, before=_figure(before), after=_figure(after))


def _scores(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """A card's figures; one with several test sets gives those of the golden set, or else of its first."""
    sets = [name for name, figures in card.items() if isinstance(figures, Mapping)]
    if not sets:
        return card
    return _inside(card, "golden" if "golden" in sets else sets[0])


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _figure(value: float) -> str:
    return f"{value:.1f}"
