"""The charts of a run: as SVG for its page, in the page's own colours, and as one picture of its head for Slack.

Nothing here needs a display, and the same figures give the same bytes.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.reading.scores import Outcome, risk_coverage
from training.compared import CHANGED, Compared, in_service, reliability
from training.markup import Html

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Losses = Sequence[tuple[int, float]]
"""(step, mean training loss since the last one)."""

INK, FAINT, CHAMPION, CANDIDATE, BETTER, WORSE = (
    "#1b1f24", "#8a929c", "#b45309", "#1d6fa5", "#15803d", "#b91c1c",
)  # fmt: skip
IN_PAGE = {
    INK: "currentColor",
    FAINT: "var(--faint)",
    CHAMPION: "var(--champion)",
    CANDIDATE: "var(--candidate)",
    BETTER: "var(--better)",
    WORSE: "var(--worse)",
}
"""What a chart's colours become in the page, so that they follow a dark screen."""

PICTURE_INCHES, PICTURE_DPI = (8.0, 4.0), 200
ROWS_IN_PICTURE = 7

_URL = re.compile(r"url\(#([^)]+)\)")
_XLINK = "{http://www.w3.org/1999/xlink}href"


def loss_chart(losses: Losses) -> Html:
    """The training loss over the steps, with a running mean where there are many."""

    def draw(axes: Axes) -> None:
        steps, values = zip(*losses, strict=True)
        many = len(losses) > 12
        axes.plot(
            steps,
            values,
            color=CANDIDATE,
            linewidth=1,
            alpha=0.4 if many else 1.0,
            marker="" if many else "o",
            ms=3,
        )
        if many:
            axes.plot(steps, _running_mean(values), color=CANDIDATE, linewidth=2)
        axes.set_ylim(0, max(values) * 1.08 or 1)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")

    return _svg("loss", draw)


def reliability_chart(champion: Sequence[Outcome], candidate: Sequence[Outcome]) -> Html:
    """How often answers are right against how sure the reader was of them, with questions per tenth below."""

    def draw(upper: Axes, lower: Axes) -> None:
        _reliability(upper, champion, candidate)
        upper.tick_params(labelbottom=False)
        upper.legend(loc="upper left", frameon=False, handlelength=1.6)
        most = 0
        for outcomes, colour, shift in ((champion, CHAMPION, 0.27), (candidate, CANDIDATE, 0.73)):
            for each in reliability(outcomes):
                tenth = min(int(each.confidence * 10), 9)
                lower.bar((tenth + shift) / 10, each.n, 0.042, color=colour)
                lower.text(
                    (tenth + shift) / 10, each.n, str(each.n), ha="center", va="bottom", fontsize=6, color=INK
                )
                most = max(most, each.n)
        lower.set_xlim(0, 1)
        lower.set_ylim(0, most * 1.4 or 1)
        lower.set_yticks([])
        lower.set_ylabel("questions")
        _percent_axis(lower.xaxis)
        lower.set_xlabel("confidence")

    return _svg("reliability", draw, rows=(3, 1), height=3.7)


def coverage_chart(
    champion: Sequence[Outcome], candidate: Sequence[Outcome], thresholds: tuple[float, float] | None = None
) -> Html:
    """The share of wrong answers against the share of questions answered, and where each adapter stands in service."""

    def draw(axes: Axes) -> None:
        highest = 0.0
        lowest = thresholds or (None, None)
        for outcomes, name, colour, line, least in (
            (champion, "champion", CHAMPION, "--", lowest[0]),
            (candidate, "candidate", CANDIDATE, "-", lowest[1]),
        ):
            curve = risk_coverage([o.confidence for o in outcomes], [o.right for o in outcomes])
            axes.plot(
                [at for at, _ in curve],
                [risk for _, risk in curve],
                color=colour,
                linestyle=line,
                linewidth=1.8,
                label=name,
            )
            highest = max([highest, *(risk for at, risk in curve if at > 0.05)])
            if point := in_service(outcomes):
                label = name if least is None else f"{name}, from {least:.2f} on"
                axes.plot(*point, marker="D", ms=7, color=colour, linestyle="", label=f"in service: {label}")
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, min(1.0, highest * 1.25) or 1)
        for axis in (axes.xaxis, axes.yaxis):
            _percent_axis(axis, fixed=axis is axes.xaxis)
        axes.set_xlabel("questions answered, surest first")
        axes.set_ylabel("of these, wrong")
        axes.legend(loc="upper left", frameon=False, handlelength=1.8)

    return _svg("coverage", draw, height=3.7)


def difference_chart(rows: Sequence[Compared]) -> Html:
    """Candidate less champion, a row a kind, each with its 95 % interval."""

    def draw(axes: Axes) -> None:
        _differences(axes, rows)
        axes.set_yticks(range(len(rows)), [f"{row.name} ({row.difference.n})" for row in rows])
        axes.set_xlabel("points, candidate less champion")

    return _svg("differences", draw, width=5.2, height=0.7 + 0.27 * len(rows))


def picture(
    path: Path,
    headline: str,
    below: str,
    decision: str,
    rows: Sequence[Compared] = (),
    champion: Sequence[Outcome] = (),
    candidate: Sequence[Outcome] = (),
) -> None:
    """Writes the head of a run's page as a PNG, twice as wide as high, to be read on a phone.

    It holds figures and no word of anybody's. Raises OSError where it can't be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [row for row in rows if row.measure != CHANGED][:ROWS_IN_PICTURE]
    with _style():
        figure = Figure(figsize=PICTURE_INCHES, dpi=PICTURE_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        colour = {"promote": BETTER, "reject": WORSE}.get(decision, INK)
        figure.text(0.03, 0.965, headline, fontsize=24, fontweight="bold", color=colour, va="top")
        figure.text(0.03, 0.84, below, fontsize=14, color=INK, va="top")
        if shown:
            _picture_rows(figure, shown)
        if champion and candidate:
            _picture_reliability(figure, champion, candidate)
        figure.savefig(path, format="png", dpi=PICTURE_DPI, metadata={"Software": None})


def _picture_rows(figure: Figure, rows: Sequence[Compared]) -> None:
    """Names, dots with their intervals, and numbers, large enough to be read on a phone."""
    axes = figure.add_axes((0.31, 0.14, 0.22, 0.6))
    _differences(axes, rows, size=9, width=4)
    axes.set_yticks([])
    axes.tick_params(labelsize=11)
    axes.set_xlabel("points gained, 95 %", fontsize=11)
    beside = axes.get_yaxis_transform()
    for i, row in enumerate(rows):
        name, gain = row.name.removesuffix(" answers"), f"{row.difference.mean:+.1f}"
        axes.text(-1.27, i, name, transform=beside, fontsize=13.5, va="center")
        axes.text(
            1.48,
            i,
            gain,
            transform=beside,
            fontsize=15,
            fontweight="bold",
            va="center",
            ha="right",
            color=_colour(row),
        )


def _picture_reliability(figure: Figure, champion: Sequence[Outcome], candidate: Sequence[Outcome]) -> None:
    axes = figure.add_axes((0.735, 0.14, 0.235, 0.6))
    _reliability(axes, champion, candidate, width=2.6)
    axes.tick_params(labelsize=11)
    axes.set_xticks([0, 0.5, 1], ["0", "50 %", "100"])
    axes.set_yticks([0, 0.5, 1], ["0", "50", "100 %"])
    axes.set_xlabel("how sure", fontsize=11)
    axes.set_ylabel("how often right", fontsize=11, labelpad=-14)
    axes.legend(loc="upper left", frameon=False, fontsize=11, handlelength=1.2, borderaxespad=0)


def _differences(
    axes: Axes, rows: Sequence[Compared], size: float = 6, width: float = 2.5
) -> tuple[float, float]:
    """Dots with their intervals, first row on top; returns the ends of the axis."""
    for i, row in enumerate(rows):
        d, colour = row.difference, _colour(row)
        axes.plot([d.low, d.high], [i, i], color=colour, linewidth=width, alpha=0.55, solid_capstyle="round")
        axes.plot(d.mean, i, marker="o", ms=size, color=colour)
    reach = max([5.0, *(abs(end) for row in rows for end in (row.difference.low, row.difference.high))])
    low = min([0.0, *(row.difference.low for row in rows)]) - 0.06 * reach
    high = max([0.0, *(row.difference.high for row in rows)]) + 0.06 * reach
    low, high = min(low, -0.25 * reach), max(high, 0.25 * reach)
    axes.axvline(0, color=FAINT, linewidth=1, zorder=0)
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return low, high


def _reliability(
    axes: Axes, champion: Sequence[Outcome], candidate: Sequence[Outcome], width: float = 1.8
) -> None:
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":")
    for outcomes, name, colour, line, marker in (
        (champion, "champion", CHAMPION, "--", "s"),
        (candidate, "candidate", CANDIDATE, "-", "o"),
    ):
        bins = reliability(outcomes)
        at = [each.confidence for each in bins]
        axes.plot(
            at,
            [b.right for b in bins],
            color=colour,
            linestyle=line,
            linewidth=width,
            marker=marker,
            ms=2.4 * width,
            clip_on=False,
            label=name,
        )
        axes.vlines(
            at, [b.low for b in bins], [b.high for b in bins], color=colour, linewidth=width / 2, alpha=0.5
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.02, 1.04)
    for axis in (axes.xaxis, axes.yaxis):
        _percent_axis(axis)
    if not axes.get_ylabel():
        axes.set_ylabel("right")


def _percent_axis(axis: Any, *, fixed: bool = True) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if fixed:
        axis.set_ticks([0, 0.5, 1])
    else:
        axis.set_major_locator(MaxNLocator(4))


def _colour(row: Compared) -> str:
    return {"better": BETTER, "worse": WORSE}.get(row.finding, INK)


def _running_mean(values: Sequence[float]) -> list[float]:
    half = max(1, len(values) // 20)
    return [
        sum(part) / len(part) for i in range(len(values)) if (part := values[max(0, i - half) : i + half + 1])
    ]


@contextmanager
def _style() -> Iterator[None]:
    from matplotlib import rc_context

    settings: Any = {  # matplotlib types every name of a setting
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same letters everywhere
        "font.size": 9,
        "legend.fontsize": 8.5,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "svg.fonttype": "none",
        "svg.hashsalt": "lorebot",
        "axes.unicode_minus": True,
    }
    with rc_context(settings):
        yield


def _svg(
    name: str,
    draw: Callable[..., None],
    *,
    width: float = 4.9,
    height: float = 3.0,
    rows: tuple[int, ...] = (1,),
) -> Html:
    """A chart as an SVG element that takes its colours and its font from the page around it."""
    from io import StringIO

    from matplotlib.figure import Figure

    with _style():
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(len(rows), 1, height_ratios=rows, squeeze=False)
        draw(*axes[:, 0])
        drawn = StringIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    return _inlined(drawn.getvalue(), name)


def _inlined(svg: str, name: str) -> Html:
    """matplotlib's document as an element of a page: no namespaces, no metadata, no style for others, ids of its own."""
    root = ET.fromstring(svg)
    referred = set(_URL.findall(svg)) | set(re.findall(r'xlink:href="#([^"]+)"', svg))
    for parent in root.iter():
        for child in list(parent):
            if _local(child.tag) in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = _local(element.tag)
        given = dict(element.attrib)
        element.attrib.clear()
        for key, value in given.items():
            if key == "id":
                if value in referred:
                    element.set("id", f"{name}-{value}")
                continue
            if key == _XLINK:
                key, value = "href", f"#{name}-{value[1:]}"
            value = _URL.sub(rf"url(#{name}-\1)", value)
            if key == "style":
                value = _page_style(value)
            element.set(_local(key), value)
    for needless in ("width", "height", "version"):
        root.attrib.pop(needless, None)
    root.set("class", "chart")
    root.set("aria-hidden", "true")  # the figure around it says in words what it shows
    return Html(ET.tostring(root, encoding="unicode", short_empty_elements=False))


def _page_style(style: str) -> str:
    for colour, variable in IN_PAGE.items():
        style = style.replace(colour, variable)
    return style.replace("'DejaVu Sans'", "system-ui, sans-serif")


def _local(name: str) -> str:
    return name.rpartition("}")[2]
