"""Progress on a terminal: the share done, what is being done, and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def shown_progress(title: str) -> Iterator[Callable[[float, str], None]]:
    """A function to tell (share 0..1, text) to: a bar on a terminal, a line now and then elsewhere. On
    stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(title)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda share, text: bar.update(task, completed=share, description=f"{title}: {text}")


def _lines(title: str, every: float = 20.0) -> Callable[[float, str], None]:
    started = time.monotonic()
    last = [float("-inf"), 0.0]  # when and at which share the last line was written

    def tell(share: float, text: str) -> None:
        now = time.monotonic()
        if now - last[0] < every and share < 1.0:
            return
        last[:] = [now, share]
        left = (now - started) * (1 - share) / share if share > 0.01 else None
        estimate = "" if left is None else f", about {left / 60:.1f} min left"
        print(f"{title}: {share:4.0%} {text}{estimate}", file=sys.stderr, flush=True)

    return tell
