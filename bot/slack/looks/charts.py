"""The picture of how people are served: drawn from figures alone, sent to Slack once, shown wherever the same is shown.

Slack shows a file of ours in a view by its id ("Slack file object" in its documentation); who publishes the view needs
to have the file, so it is sent to nobody's channel. For some seconds after the upload Slack refuses views with it.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import threading
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.insights import Figures
from bot.slack import words
from bot.store import Store, charts
from bot.store.tallies import Counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ANSWERED, UNANSWERED, INK, FAINT = "#1d6fa5", "#d97706", "#1b1f24", "#8a929c"
INCHES, DPI = (9.0, 2.7), 150
KEPT_S = 2 * 86400.0
"""A picture nobody is shown any more goes from Slack after that long."""
AGAIN_AFTER_S = 3600.0
"""After a refusal (a scope is missing, uploads are off) figures stand in text alone for that long."""
READY_TRIES = 5
"""How often a picture is tried with a Slack that isn't done with it."""
log = logging.getLogger(__name__)


class Charts:
    """Sends pictures, each once. Calls Slack and draws for a second or two: never on Bolt's threads."""

    def __init__(self, store: Store, client: WebClient) -> None:
        self._store, self._client = store, client
        self._refused_at = float("-inf")
        self._refusals: dict[str, int] = {}  # of the files that were sent from here
        self._lock = threading.Lock()

    def shown(self, figures: Figures) -> str | None:
        """Slack's id of the picture of these figures; None where nobody asked anything, or Slack takes no picture."""
        if not any(map(any, figures.days)):
            return None
        drawn = hashlib.sha256(json.dumps(asdict(figures)).encode()).hexdigest()
        with self._lock:
            known = charts.file_of(self._store, drawn)
            if known is not None or time.monotonic() - self._refused_at < AGAIN_AFTER_S:
                return known
            file = self._send(draw(figures))
            if file is not None:
                charts.keep(self._store, drawn, file)
                self._refusals = {file: 0}
                self._tidy()
            return file

    def refused(self, file: str) -> bool:
        """Slack shows no view with this file, or not yet; whether it is worth another try soon."""
        with self._lock:
            if file not in self._refusals:  # sent long ago, and gone from there by now: another one is sent
                charts.drop(self._store, file)
                return True
            self._refusals[file] += 1
            if self._refusals[file] < READY_TRIES:
                return True
            log.warning("no chart in the Home tab: Slack doesn't show the file %s", file)
            charts.drop(self._store, file)
            self._refused_at = time.monotonic()
            return False

    def _send(self, picture: bytes) -> str | None:
        try:
            sent = self._client.files_upload_v2(file=picture, filename="lorebot.png", title=words.CHART_TITLE)
            return str(sent["files"][0]["id"])
        except (SlackClientError, OSError) as error:
            why = error.response.get("error") if isinstance(error, SlackApiError) else error
            remedy = ": install the app again with the manifest" if why == "missing_scope" else ""
            log.warning("no chart in the Home tab: Slack takes no picture (%s)%s", why, remedy)
            self._refused_at = time.monotonic()
            return None

    def _tidy(self) -> None:
        for file in charts.drop_older(self._store, time.time() - KEPT_S):
            try:
                self._client.files_delete(file=file)
            except (SlackClientError, OSError) as error:
                log.info("the old chart %s stays in Slack: %s", file, error)


def draw(figures: Figures) -> bytes:
    """A PNG: questions a day on the left, shares of the last 7 and 30 days on the right."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_style()):
        figure = Figure(figsize=INCHES, dpi=DPI, facecolor="white", layout="constrained")
        canvas = FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=[2.2, 1])
        _days(left, figures)
        _shares(right, figures)
        written = io.BytesIO()
        canvas.print_figure(written, format="png")
    return written.getvalue()


def _style() -> dict[Any, Any]:
    return {
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same letters everywhere
        "font.size": 10,
        "axes.edgecolor": FAINT,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }


def _days(axes: Axes, figures: Figures) -> None:
    from matplotlib.ticker import MaxNLocator

    days = range(len(figures.days))
    answered = [each.answered for each in figures.days]
    axes.bar(days, answered, color=ANSWERED, label=words.CHART_ANSWERED)
    axes.bar(
        days,
        [each.unanswered for each in figures.days],
        bottom=answered,
        color=UNANSWERED,
        label=words.CHART_UNANSWERED,
    )
    axes.set_title(words.CHART_DAYS)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    first = datetime.fromtimestamp(figures.first)
    weekly = list(days)[::-7][::-1]
    axes.set_xticks(weekly, [f"{first + timedelta(days=day):%d %b}" for day in weekly])
    axes.set_xlim(-0.7, len(figures.days) - 0.3)
    axes.legend(loc="upper left", frameon=False, ncols=2, fontsize=9, handlelength=1, borderaxespad=0)
    axes.set_ylim(0, max(1, max(each.answered + each.unanswered for each in figures.days)) * 1.25)


def _shares(axes: Axes, figures: Figures) -> None:
    """Answered and satisfied, in percent, over a week and over all days."""
    week, month = figures.last(7), figures.last(len(figures.days))
    for row, parts in enumerate([_parts(week), _parts(month)]):
        for line, (part, rest) in enumerate(parts):
            share = 100 * part / (part + rest) if part + rest else 0.0
            place = line + (0.4 * row - 0.2)
            axes.barh(place, share, height=0.34, color=ANSWERED, alpha=0.45 if row else 1.0)
            told = words.CHART_SHARE if part + rest else words.CHART_NO_SHARE
            days = len(figures.days) if row else 7
            told = told.format(percent=round(share), days=days)
            axes.text(share + 3, place, told, va="center", fontsize=9)
    axes.set_yticks([0, 1], [words.CHART_ANSWERED, words.CHART_SATISFIED])
    axes.invert_yaxis()
    axes.set_xlim(0, 200)  # half of it for the words behind the bars
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False)
    axes.set_title(words.CHART_SHARES)


def _parts(counted: Counted) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of the two shares, what they are made of: the part, and the rest."""
    return (counted.answered, counted.unanswered), (counted.ups, counted.downs)
