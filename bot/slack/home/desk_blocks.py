"""What an admin's Home tab tells beside their own: how people are served, what to document, the adapter, reviews,
retrainings, channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.insights import Figures, Wanted
from bot.records import Adapter, ChannelSettings, Run
from bot.slack import words
from bot.slack.admin import run_blocks
from bot.slack.admin.run_blocks import when
from bot.slack.looks.markup import cut, escape, literal, one_line
from bot.slack.looks.rich import (
    Json,
    actions,
    button,
    confirm,
    context,
    header,
    mrkdwn_section,
    plain,
    plain_section,
)
from bot.slack.services import Status
from bot.store.tallies import Counted

RETRAIN, CANCEL, ROLLBACK, REVIEW = "home_retrain", "home_cancel", "home_rollback", "home_review"
TEACH, CONFIGURE, CONFIGURE_OTHER = "home_teach", "home_configure", "home_configure_other"
QUESTION = 150
CHANNELS_SHOWN = 10
ALT = 2000


@dataclass(frozen=True, slots=True)
class Schedule:
    """When retrainings run by themselves."""

    next_at: float | None  # None: never
    quiet_hours: str  # "" for none
    needed: int  # new feedback that a scheduled one waits for
    runs: tuple[Run, ...]  # the last ones that are over, newest first


@dataclass(frozen=True, slots=True)
class Desk:
    """What an admin sees beside it."""

    figures: Figures
    wanted: tuple[Wanted, ...]
    status: Status
    lineage: tuple[Adapter, ...]  # the champion first
    to_review: int  # as far as this admin may see it
    hidden: int  # waits in places that they can't see
    channels: tuple[ChannelSettings, ...]
    schedule: Schedule


def shown(desk: Desk, chart: str | None) -> list[Json]:
    """`chart`: Slack's id of the picture of its figures; None: they stand in text alone."""
    return [
        *_served(desk, chart),
        *_to_document(desk),
        *_model(desk),
        *_reviewing(desk),
        *_schedule(desk.schedule),
        *_channels(desk),
    ]


def alt_text(figures: Figures) -> str:
    """What the chart shows, in words."""
    return cut(" ".join([words.CHART_ALT, *(_plainly(line) for line in _lines(figures))]), ALT)


def _served(desk: Desk, chart: str | None) -> list[Json]:
    blocks = [header(words.HOME_SERVED)]
    if chart is not None:
        blocks.append({"type": "image", "slack_file": {"id": chart}, "alt_text": alt_text(desk.figures)})
    return [*blocks, mrkdwn_section("\n".join(_lines(desk.figures)))]


def _lines(figures: Figures) -> list[str]:
    return [
        _line(words.HOME_DAYS_MD.format(days=days), figures.last(days)) for days in (7, len(figures.days))
    ]


def _line(period: str, counted: Counted) -> str:
    asked = counted.answered + counted.unanswered
    if not asked:
        return words.HOME_NONE_ASKED_MD.format(period=period)
    line = words.HOME_ANSWERED_MD.format(
        period=period,
        asked=asked,
        answered=counted.answered,
        percent=_percent(counted.answered, asked),
        unanswered=counted.unanswered,
    )
    votes = counted.ups + counted.downs
    if not votes:
        return line + words.HOME_NO_VOTES
    return line + words.HOME_SATISFIED.format(
        percent=_percent(counted.ups, votes), ups=counted.ups, votes=votes
    )


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole)


def _plainly(mrkdwn: str) -> str:
    return mrkdwn.replace("*", "")


def _to_document(desk: Desk) -> list[Json]:
    blocks = [header(words.HOME_WANTED)]
    if not desk.wanted:
        return [*blocks, context(words.HOME_NOTHING_WANTED)]
    blocks.append(context(words.HOME_WANTED_MD))
    for each in desk.wanted:
        asked = cut(one_line(each.question.asked), QUESTION)
        many = words.HOME_TIMES if each.times > 1 else words.HOME_ONCE
        block = plain_section(many.format(question=asked, times=each.times, people=each.people))
        block["accessory"] = button(words.TEACH_ME, TEACH, str(each.question.id))
        blocks.append(block)
    return blocks


def _model(desk: Desk) -> list[Json]:
    now, running = desk.status, desk.status.running
    lines = [*run_blocks.in_service(now), *run_blocks.said_of_it(now)]
    blocks = [header(words.HOME_MODEL), mrkdwn_section("\n".join(lines))]
    if learned := _learned(desk.lineage):
        blocks.append(context(learned))
    if running is not None:
        blocks += [each for each in run_blocks.progress(running).blocks if each["type"] != "actions"]
    learn = _asking(
        button(words.HOME_RETRAIN, RETRAIN, "now"), words.HOME_RETRAIN_TITLE, words.HOME_RETRAIN_ASK
    )
    back = _asking(
        button(words.HOME_ROLLBACK, ROLLBACK, "now"), words.HOME_ROLLBACK_TITLE, words.HOME_ROLLBACK_ASK
    )
    return [*blocks, actions(learn if running is None else run_blocks.cancel_button(running, CANCEL), back)]


def _asking(pressed: Json, title: str, question: str) -> Json:
    """A button that asks first; the dialog's own button says the same."""
    return {**pressed, "confirm": confirm(title, question, pressed["text"]["text"], words.CANCEL)}


def _learned(lineage: Sequence[Adapter]) -> str:
    """What the champion learned from, and what it descends from."""
    if not lineage:
        return ""
    data = lineage[0].card.get("data", {})
    counts = {name: n for name, n in data.get("examples", {}).items() if isinstance(n, int) and n}
    parts = []
    if counts:
        named = ", ".join(f"{n:,} {words.HOME_KINDS.get(name, name)}" for name, n in counts.items())
        parts.append(words.HOME_LEARNED_MD.format(counts=escape(named)))
    if people := data.get("people"):
        parts.append(words.HOME_PEOPLE_MD.format(n=len(people)))
    if len(lineage) > 1:
        chain = " ← ".join(f"`{escape(each.id)}`" for each in lineage)
        parts.append(words.HOME_LINEAGE_MD.format(chain=chain))
    return " · ".join(parts)


def _reviewing(desk: Desk) -> list[Json]:
    waits = words.REVIEW_WAITING.format(n=desk.to_review) if desk.to_review else words.REVIEW_NOTHING
    block = plain_section(waits)
    if desk.to_review:
        block["accessory"] = button(words.HOME_REVIEW, REVIEW, "open", "primary")
    blocks = [header(words.HOME_REVIEWS), block]
    return [*blocks, context(words.REVIEW_HIDDEN.format(n=desk.hidden))] if desk.hidden else blocks


def _schedule(schedule: Schedule) -> list[Json]:
    if schedule.next_at is None:
        line = words.STATUS_NEVER_MD
    else:
        line = words.HOME_NEXT_MD.format(when=when(schedule.next_at), needed=schedule.needed)
    if schedule.quiet_hours:
        line += "\n" + words.HOME_QUIET_MD.format(hours=escape(schedule.quiet_hours))
    blocks = [header(words.HOME_SCHEDULE), mrkdwn_section(line)]
    for run in schedule.runs:
        ended = when(run.finished_at or run.started_at)
        blocks.append(context(f"{ended} · {literal(cut(run_blocks.headline(run), 300))}"))
    return blocks


def _channels(desk: Desk) -> list[Json]:
    blocks = [header(words.HOME_CHANNELS)]
    for each in desk.channels[:CHANNELS_SHOWN]:
        extras = [text for name, text in words.HOME_CHANNEL_EXTRAS if getattr(each, name)]
        line = " · ".join([f"<#{escape(each.channel)}>", words.HOME_MODES[each.mode], *extras])
        block = mrkdwn_section(line)
        block["accessory"] = button(words.HOME_CONFIGURE, CONFIGURE, each.channel)
        blocks.append(block)
    if not desk.channels:
        blocks.append(context(words.HOME_NO_CHANNELS))
    if len(desk.channels) > CHANNELS_SHOWN:
        blocks.append(context(words.HOME_MORE_CHANNELS.format(n=len(desk.channels) - CHANNELS_SHOWN)))
    choose = {
        "type": "conversations_select",
        "action_id": CONFIGURE_OTHER,
        "placeholder": plain(words.HOME_CONFIGURE_OTHER, 150),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return [*blocks, actions(choose)]
