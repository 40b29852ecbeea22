"""Characters as people see them: a flag, a family of emoji, a letter with its accents is one, of several code points.

What is cut between code points may lose an accent or show half an emoji; what is cut between these never does.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex


def clusters(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """The (start, end) of each extended grapheme cluster (Unicode Standard Annex 29) from `start` on, in order."""
    return (match.span() for match in regex.finditer(r"\X", text, pos=start))  # type: ignore[no-untyped-call]


def cluster_at(text: str, at: int, start: int = 0) -> tuple[int, int]:
    """The (start, end) of the cluster that holds `text[at]`; `start`: where one is known to begin. (at, at) at the end."""
    return next((span for span in clusters(text, start) if span[1] > at), (at, at))
