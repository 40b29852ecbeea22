"""Is one rate of ups above another? An answer that may be asked for after every vote, and stopped at any.

A p-value that is looked at again and again is soon small by chance. An e-value isn't: if the one rate is *not* above the
other, the chance that it ever reaches x, however often and whenever somebody looks, is at most 1/x. 20 is proof at 5 %.

How (Turner, Ly, Gruenwald 2021, "Generic E-variables for exact sequential k-sample tests that allow for optional
stopping"): votes are put into blocks that hold some of each side. Against any alternative (p, q) with p > q, the likelihood
ratio of a block to the one rate that lies between them, (n p + m q) / (n + m), has mean 1 at most where the rates are equal
in that block, and less where the order is the other way round. Products over blocks keep that, and so does their mean over
a grid of alternatives, which stands in for not knowing the rates. What makes up a block may depend on whose votes came,
never on what they say. Rates may drift together: a team that grows stricter proves nothing against either side.

How soon a drop from 70 % ups is called, looking after every block from 20 votes on, of 400 at most: the share of 300 simulated
histories in which it was, and after how many votes (median of those). Without a drop, of 1000: false calls.

| votes known before | no drop | 10 points | 20 points | 30 points |
|---|---|---|---|---|
| 50 | 0.9 % | 12 %, 100 votes | 41 %, 96 votes | 88 %, 84 votes |
| 200 | 0.7 % | 21 %, 75 votes | 90 %, 85 votes | 99.7 %, 40 votes |
| 600 | 1.4 % | 35 %, 110 votes | 97 %, 56 votes | 100 %, 31 votes |

Side by side, a challenger with a tenth of the votes, against 65 % ups, from 20 of its votes on, of 150 at most: proven better
0.2 % (no gain), 33 % (10 points), 95 % (20 points, after 54 of its votes), 100 % (30 points, after 22); proven worse 88 % (20
points less, after 60), 100 % (30 points less, after 30).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PROVEN = 20.0
"""The e-value from which a claim counts as proven: wrong in at most 1 of 20 cases."""

HORIZON = 200
"""Votes over which `one_after_other` spreads what is known from before: fewer tell sooner, more tell smaller drops."""

_STEPS = 20
_HIGH, _LOW = np.array([(p, q) for p in range(2, _STEPS) for q in range(1, p)]).T / _STEPS
"""The alternatives: every pair of rates from 5 % to 95 % in steps of five points."""


class Block(NamedTuple):
    """Some votes of both sides: ups and votes of the side that may be better, then of the other."""

    ups: int
    votes: int
    other_ups: int
    other_votes: int

    def turned(self) -> Block:
        """The same votes, to ask whether the other side is better."""
        return Block(self.other_ups, self.other_votes, self.ups, self.votes)


def evidence(blocks: Sequence[Block]) -> float:
    """The e-value, 0 to infinity, that the first side's rate of ups is above the other's; 1 says nothing.

    Without blocks 1: what isn't there never speaks for or against anybody. `PROVEN` is enough.
    """
    if not blocks:
        return 1.0
    votes: NDArray[np.float64] = np.asarray(blocks, np.float64)
    ups, n, other_ups, m = (votes[:, i, None] for i in range(4))
    between = (n * _HIGH + m * _LOW) / (n + m)
    gained = _log_likelihood(ups, n, _HIGH) + _log_likelihood(other_ups, m, _LOW)
    of_each = (gained - _log_likelihood(ups + other_ups, n + m, between)).sum(axis=0)
    most = float(of_each.max())
    # Beyond e^700 a float ends; long before it nobody doubts any more.
    return float(np.exp(min(most, 700.0)) * np.exp(of_each - most).mean())


def side_by_side(votes: Iterable[tuple[bool, bool]]) -> list[Block]:
    """Blocks of two sides that were voted on in the same time: (is it the first side's?, is it an up?), oldest first.

    A block ends as soon as it holds a vote of each; what hasn't met its counterpart yet waits.
    """
    blocks, open_ = [], [0, 0, 0, 0]
    for first, up in votes:
        open_[0 if first else 2] += up
        open_[1 if first else 3] += 1
        if open_[1] and open_[3]:
            blocks.append(Block(*open_))
            open_ = [0, 0, 0, 0]
    return blocks


def one_after_other(before: Sequence[bool], after: Sequence[bool]) -> list[Block]:
    """Blocks of two sides that served one after the other, each oldest first: is the first, `before`, the better one?

    `before` is spread evenly over the next `HORIZON` votes. It must be what was known when the other side began: its
    number fixes what a block is made of. Used up, it proves nothing more; the later votes are not looked at.
    """
    if not before:
        return []
    n, m = max(1, len(before) // HORIZON), max(1, HORIZON // len(before))
    count = min(len(before) // n, len(after) // m)
    return [
        Block(sum(before[i * n : (i + 1) * n]), n, sum(after[i * m : (i + 1) * m]), m) for i in range(count)
    ]


def _log_likelihood(
    ups: NDArray[np.float64], votes: NDArray[np.float64], rate: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(ups * np.log(rate) + (votes - ups) * np.log1p(-rate))
