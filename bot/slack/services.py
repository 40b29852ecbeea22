"""All that the Slack room needs from the rest of Lorebot: callables which the composition root fills in.

The room never sees a model, an index or a training process; a test replaces this one record and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.knowledge.heard import Heard
from bot.knowledge.shared_files import Kept, SharedFile
from bot.records import Answer, Passage, Promotion, Question, Run
from bot.settings import Settings
from bot.store import Store
from bot.watching import Standoff


@dataclass(frozen=True, slots=True)
class Votes:
    """How much feedback there is."""

    up: int = 0
    down: int = 0
    corrections: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What `/lorebot status` shows."""

    champion: str  # adapter id
    scores: Mapping[str, Any] = field(
        default_factory=dict
    )  # of the champion's card: figures by name, or by test set and name
    since: float | None = None  # when it went into service
    documents: int = 0
    passages: int = 0
    taught: int = 0
    questions: int = 0  # these three: the last 7 days
    answered: int = 0
    abstained: int = 0
    feedback: Votes = field(default_factory=Votes)
    new_feedback: Votes = field(default_factory=Votes)  # since the last run
    running: Run | None = None
    next_retraining: float | None = None  # None: never by itself
    trial: Standoff | None = None  # the live trial that is open


@dataclass(frozen=True, slots=True)
class Services:
    """The seam. Every callable may be called from any thread."""

    store: Store
    settings: Settings
    answer: Callable[[Question, Sequence[str]], Answer]
    """Finds, reads, decides and records. The second argument: what people wrote earlier in the thread, oldest first.
    Slow (0.1 to 1 s): called on the inference queue only."""
    answer_if_sure: Callable[[Question, Sequence[str]], Answer | None]
    """The same for a question that nobody put to us: None, and nothing kept, unless it is sure enough to speak unasked."""
    teach: Callable[..., Passage]
    """teach(question=, answer=, scope=, person=, answer_record: Answer | None, passage_id: int | None): found at once
    from then on. Called on the inference queue too. Raises LorebotError with the line to show."""
    keep: Callable[[Sequence[Heard]], Mapping[str, int]]
    """Learns what people said; counts what was "learned", "replaced" and "unchanged". Embeds: never on Bolt's threads."""
    keep_file: Callable[[SharedFile], Kept]
    """Learns a file that was shared, which may take seconds. Raises LorebotError with the line to show."""
    retrain: Callable[..., object]
    """retrain(by=, channel=, ts=): starts a cycle in its own process. Raises BusyError when one is running."""
    rollback: Callable[..., Promotion]
    """rollback(by=, why=). Raises LorebotError when there is nothing to roll back to."""
    forget: Callable[[str], Mapping[str, Any]]
    """forget(person): removes all that is kept of somebody, and counts it. Slow (minutes, where a retraining has to stop).
    Raises BusyError, with nothing removed, where that doesn't stop in time."""
    status: Callable[[], Status]
