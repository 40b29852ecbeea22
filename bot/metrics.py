"""What can be measured while Lorebot runs, for Prometheus: counts of this process, and what the state file holds now.

Nothing here names a person, a channel or a word that anybody wrote. Counters begin at zero with the process; what the
state file keeps is shown as gauges, read at each scrape, the same from every process that shares the file.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.records import Answer, Question

log = logging.getLogger(__name__)
Said = TypeVar("Said", Answer, Answer | None)
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
QUESTIONS = Counter(
    "lorebot_questions",
    "Questions read, by where they came from and how that ended: answered, abstained, silent (unasked) or failed.",
    ["source", "outcome"],
    registry=REGISTRY,
)
ANSWER_SECONDS = Histogram(
    "lorebot_answer_seconds",
    "Seconds from taking a question up to having its answer, with the time it waited.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 60),
    registry=REGISTRY,
)
RATE_LIMITED = Counter(
    "lorebot_slack_rate_limited",
    "Calls that Slack answered with 429, by method.",
    ["method"],
    registry=REGISTRY,
)
CLAIMS = Counter(
    "lorebot_claims",
    "Events of Slack, by what became of them: claimed, repeated (a retry, a twin), resumed, given_up.",
    ["outcome"],
    registry=REGISTRY,
)


class Figure(NamedTuple):
    """How much there is of something now: a name of HELP, and by which labels it is told apart."""

    name: str
    value: float
    labels: Mapping[str, str] = MappingProxyType({})


HELP = {
    "queue_length": "Questions that wait or are being read.",
    "queue_refused": "Questions turned away since the start, because too many waited.",
    "lanes_length": "Replies and other calls to Slack that wait or run.",
    "connected": "1 while Slack can reach this process.",
    "claims_open": "Events that were claimed and aren't done.",
    "feedback": "Pieces of feedback kept, by kind.",
    "documents": "Documents learned.",
    "passages": "Passages that can be found.",
    "runs": "Retrainings kept, by how they ended.",
    "champion": "1 for the adapter in service.",
}


def counted(answer: Callable[[Question, Sequence[str]], Said]) -> Callable[[Question, Sequence[str]], Said]:
    """The same answering, counted, timed and noted in the log. None for an answer: it had nothing to say unasked."""

    def answer_and_count(question: Question, said: Sequence[str]) -> Said:
        outcome = "failed"
        try:
            found = answer(question, said)
            outcome = "silent" if found is None else "abstained" if found.abstained else "answered"
            return found
        finally:
            QUESTIONS.labels(question.source, outcome).inc()
            seconds = max(0.0, time.time() - question.asked_at) if question.asked_at else 0.0
            ANSWER_SECONDS.observe(seconds)
            source, key = question.source, question.key
            log.info("%s %s: %s after %.1f s", source, key, outcome, seconds)

    return answer_and_count


def page(figures: Callable[[], Iterable[Figure]]) -> bytes:
    """Prometheus' text format: the counters, and `figures` as gauges."""
    now = CollectorRegistry()
    now.register(_Now(figures))
    return generate_latest(REGISTRY) + generate_latest(now)


class _Now(Collector):
    """Gauges that are asked for at a scrape."""

    def __init__(self, figures: Callable[[], Iterable[Figure]]) -> None:
        self._figures = figures

    def describe(self) -> Iterable[Metric]:
        return ()  # asked once, when it registers: no reason to read the state file

    def collect(self) -> Iterable[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for name, value, labels in self._figures():
            if name not in families:
                families[name] = GaugeMetricFamily(f"lorebot_{name}", HELP[name], labels=list(labels))
            families[name].add_metric(list(labels.values()), value)
        return families.values()
