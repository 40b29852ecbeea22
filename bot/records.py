"""The nouns. Frozen records are all that crosses between floors: no dict, no Slack payload, no database row does.

Character offsets are Python string offsets, half open: `text[start:end]`. Times are Unix seconds (UTC).
Ids of rows are None until the store has given one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

WORKSPACE = "workspace"
"""The scope that everybody sees. Any other scope is a channel id: what was learned there is found only there."""


@dataclass(frozen=True, slots=True)
class Document:
    """A source of passages: a file, one taught answer, or what was learned from Slack."""

    source: str  # absolute path of a file, "taught:<uuid>", "slack:<channel>:<ts>" or "slack:file:<id>"; unique in a scope
    title: str
    scope: str
    sha256: str  # of the bytes learned: an unchanged file is skipped
    kind: Literal["file", "taught", "slack"] = "file"
    link: str | None = None  # where people can open it
    person: str | None = None  # who taught it, or whose words it holds
    learned_at: float = 0.0
    confirmed_at: float | None = None  # a taught answer: when somebody last said that it is still true
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document small enough to read: an exact cut of the document's Markdown text."""

    document_id: int
    scope: str
    title: str  # the document's title
    heading: str  # headings above the passage, outermost first, joined with " > "
    text: str
    start: int  # offset of `text` in the document's Markdown
    ordinal: int  # 0 for a document's first passage
    source: str = ""
    link: str | None = None
    question: str | None = None  # a taught passage: the question it answers
    answer_start: int = 0  # a taught passage: where the answer begins in `text`
    evidence_id: int | None = (
        None  # a taught passage: the passage in which the answer stands, if it stands in one
    )
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A passage as search returned it, with the scores that put it there."""

    passage: Passage
    score: float  # reciprocal rank fusion; higher is better
    similarity: float  # cosine of question and passage, -1..1, and what people said of it for this question
    bm25_rank: int | None  # 1 = best; None: not among the word matches
    vector_rank: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """One ask, identified by (source, key): the same message is never two questions."""

    source: Literal["message", "command", "cli", "import"]
    key: str  # channel:ts of a message; trigger id of a slash command; a new id on the command line
    text: str
    person: str
    channel: str | None = None
    thread: str | None = None  # ts of the thread's first message
    scopes: tuple[str, ...] = (WORKSPACE,)  # what this question may be answered from
    context: str | None = None  # text given with the question
    context_by: str | None = None  # who wrote that text, where it was another's message
    follows: str | None = None  # the thread's question that this one continues
    asked_at: float = 0.0
    id: int | None = None

    @property
    def asked(self) -> str:
        """As search and reader see it: the newer question first, then the one that it follows."""
        return f"{self.text} {self.follows}" if self.follows else self.text


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that the reader considered: a span of one of the passages it was given, or words of its own."""

    passage: int  # index into the passages read
    start: int
    end: int
    text: str
    score: float  # start logit + end logit, less the null score of the same window
    log_probability: float  # of the span among all spans and "no answer" of its window (natural log)
    confidence: float  # calibrated probability that this span is a right answer, 0..1
    grounded: bool = (
        True  # False: words that stand in no passage; `start:end` is the sentence closest to them
    )


@dataclass(frozen=True, slots=True)
class Weighed:
    """One feature of a candidate, and what it adds to the log-odds of its being right."""

    feature: str
    value: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader made of one question and its passages: the candidates, best first, and no decision yet."""

    candidates: tuple[
        Candidate, ...
    ]  # best first, at most the reader's n_best; empty only if every passage is empty
    adapter: str  # id of the adapter that read
    silence: float = 0.0  # ln P that no passage answers
    weighed: tuple[
        tuple[Weighed, ...], ...
    ] = ()  # what each candidate's confidence is made of, in their order

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None

    @property
    def confidence(self) -> float:
        """Calibrated probability that the best span is a right answer; 0 where there is none."""
        return self.candidates[0].confidence if self.candidates else 0.0


@dataclass(frozen=True, slots=True)
class Offered:
    """A text that the reader was given for an answer, kept as it was then: documents change, training needs it."""

    text: str
    passage_id: int | None  # None: text given with the question, or the thread's own messages
    title: str
    heading: str
    link: str | None
    similarity: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded answer, or an abstention (`text` is None), with what the model thought when it gave it."""

    question_id: int
    text: (
        str | None
    )  # what is said: the reader's words, or the sentence or list around them where that was asked for
    confidence: float
    adapter: str
    offered: tuple[Offered, ...]
    candidates: tuple[Candidate, ...]
    chosen: int | None = None  # index into `offered` of the text the answer stands in
    start: int = 0  # offsets in that text of what the reader chose, however much around it is said
    end: int = 0
    sentence: str = ""  # the sentence (or list) it stands in: an exact cut of that text
    sentence_start: int = 0
    from_memory: bool = False  # a taught answer, not the reader's
    taught_by: str | None = None
    seconds: float = 0.0
    channel: str | None = None  # where the reply was posted, so that reactions find their answer
    ts: str | None = None
    answered_at: float = 0.0
    id: int | None = None

    @property
    def abstained(self) -> bool:
        return self.text is None

    @property
    def grounded(self) -> bool:
        """Whether its words stand in a text; a generative reader may write others."""
        return self.abstained or not self.candidates or self.candidates[0].grounded

    @property
    def place(self) -> tuple[int, int]:
        """Where what is said stands in the evidence's text: (start, end)."""
        if self.text == self.sentence:
            return self.sentence_start, self.sentence_start + len(self.sentence)
        return self.start, self.end

    @property
    def chosen_words(self) -> str:
        """The words that the reader chose, which feedback is about; "" for an abstention."""
        for each in self.candidates:
            if (each.passage, each.start, each.end) == (self.chosen, self.start, self.end):
                return each.text
        return self.text or ""

    @property
    def evidence(self) -> Offered | None:
        return None if self.chosen is None else self.offered[self.chosen]


Vote = Literal["up", "down"]
Reason = Literal["wrong", "wrong_passage", "should_be_silent", "outdated", "other"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's last word on one answer."""

    answer_id: int
    person: str
    vote: Vote | None = None
    vote_source: str | None = (
        None  # "button", "modal", "import", "reaction:<name>": what may clear the vote again
    )
    reason: Reason | None = None
    correction: str | None = None  # the right answer, in the person's words
    passage_id: int | None = None  # the passage which the person says holds it
    given_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Pointer:
    """A piece of feedback that speaks of a passage, and the question it was said of."""

    answer_id: int
    person: str
    question: str  # as search saw it, with what it follows


Mode = Literal["off", "mentions", "questions", "all"]
"""Where Lorebot answers in a channel: nowhere; where it is mentioned; also questions that it surely knows; everything."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """How Lorebot behaves in one channel, as its people set it."""

    channel: str
    mode: Mode = "mentions"
    follows: bool = False  # answers in a thread it has answered in without being mentioned again
    learns: bool = False  # files, canvases and pinned messages of the channel are learned
    history: bool = False  # questions and their accepted answers among its messages are learned
    shares: bool = True  # what is learned in it is found everywhere, as long as the channel is public
    workspace: bool | None = (
        None  # tells what the workspace knows; None: unless people from elsewhere read along
    )
    by: str = ""  # who set it last
    at: float = 0.0  # Unix seconds; 0.0: nobody ever did


PersonKind = Literal["member", "guest", "external", "bot"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was seen: who they are to the workspace, and since when."""

    id: str
    kind: PersonKind
    first_seen: float  # Unix seconds; never moves


Decision = Literal["accept", "edit", "reject"]


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer decided about one piece of feedback."""

    answer_id: int
    person: str  # whose feedback
    decision: Decision
    words: str | None = None  # an edit: the right answer, in place of what the person said it is
    by: str = "cli"  # the reviewer's id, or "cli"
    at: float = 0.0


Kind = Literal["up", "down", "down_abstention", "correction", "silence", "replay", "gold"]


@dataclass(frozen=True, slots=True)
class Example:
    """Something to train or to judge on: a question, one context, and what the feedback says about it."""

    question: str
    context: str
    kind: Kind
    start: int = 0  # target span (kinds up, correction, gold) or the span to move away from (down)
    end: int = 0  # start == end == 0: no answer in this context (silence, replay of an abstention)
    weight: float = 1.0
    rejected: tuple[int, int] | None = (
        None  # correction: the span which the person rejected, if in this context
    )
    words: str | None = (
        None  # what a generative reader writes, or is to write, instead of `context[start:end]`
    )
    rejected_words: str | None = None  # correction: what it wrote, where that stands in no text
    references: tuple[str, ...] = ()  # accepted answer texts, where somebody gave one
    feedback: tuple[int, str] | None = None  # (answer id, person) it came from; of a replay, who asked
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Scores:
    """What `evaluate` prints. Percentages are 0 to 100; latencies are milliseconds for one question."""

    adapter: str
    n: int
    exact_match: float
    f1: float
    has_answer_exact_match: float
    has_answer_f1: float
    no_answer_accuracy: float
    span_exact_match: float
    span_f1: float
    abstention_rate: float
    ece: float
    latency_p50_ms: float
    latency_p95_ms: float
    aurc: float = (
        0.0  # area under the risk-coverage curve: the mean share of wrong answers over all coverages
    )
    answered_at_80: float = 0.0  # share of the questions that can be answered, surest first, with 80 % right
    answered_at_90: float = 0.0


@dataclass(frozen=True, slots=True)
class Adapter:
    """An immutable adapter version and its card."""

    id: str
    base: str  # name in the base catalogue
    base_sha256: str
    sha256: str  # of adapter_model.safetensors
    folder: str  # absolute path
    parent: str | None = None
    card: dict[str, Any] = field(default_factory=dict)
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Promotion:
    """A row of the append-only promotion log. The last row names the champion."""

    adapter: str
    by: str  # a person's id, "schedule", "cli" or "bot"
    why: str
    run_id: int | None = None
    at: float = 0.0
    id: int | None = None


Outcome = Literal["promoted", "worse", "undecided", "overtaken", "failed", "ended"]
"""By votes: the first three. Overtaken: somebody or a run put an adapter into service meanwhile. Ended: by hand."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """An adapter on a live trial: it answers a share of the questions, and people's votes decide. At most one is open."""

    adapter: str
    champion: str  # whom it challenges; another champion ends the trial
    share: float | None  # of the questions, 0..0.5; None: as LOREBOT_CANARY says
    by: str  # a person's id, "schedule" or "cli"
    why: str
    run_id: int | None = None
    started_at: float = 0.0
    ended_at: float | None = None  # None: it is open
    outcome: Outcome | None = None
    ending: str | None = None  # why it ended so, with its numbers
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """One person's last vote on what one adapter answered to one question in Slack."""

    answer_id: int
    person: str
    adapter: str
    question: str
    up: bool
    given_at: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's decision on a candidate, with its numbers and reasons."""

    decision: Literal["promote", "reject", "not_yet", "trial"]
    reasons: tuple[str, ...]  # one readable sentence each, with its numbers
    numbers: dict[str, Any]  # JSON-able: scores of champion and candidate, differences, intervals, counts


@dataclass(frozen=True, slots=True)
class Run:
    """One training cycle, from start to verdict."""

    by: str  # a person's id, "schedule" or "cli"
    state: Literal["running", "done", "failed"] = "running"
    stage: str = "starting"  # building, training, judging, promoting, ...
    progress: float = 0.0  # 0..1 of the whole run
    detail: str = ""
    channel: str | None = None  # where the report is awaited
    ts: str | None = None  # the progress message there
    pid: int | None = None
    candidate: str | None = None
    verdict: Verdict | None = None
    promoted: bool = False
    error: str | None = None
    started_at: float = 0.0
    heartbeat_at: float = 0.0
    finished_at: float | None = None
    reported: bool = False  # the verdict was posted where it was awaited
    cancel: str | None = None  # who asked for its end: a person's id, "cli", "quiet hours", "forget"
    id: int | None = None
