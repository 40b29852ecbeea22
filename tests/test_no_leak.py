"""Nothing is told where it may not be: random documents, lessons, channels and people, and whatever they do.

Each secret is a token that stands nowhere else. A model of who may know what, written apart from `bot.sight`, says after
each step which tokens may have been shown to whom; what reached Slack is searched for the others.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from slack_stage import (
    ADMIN,
    ALICE,
    BOT,
    Stage,
    click,
    command,
    elements,
    event,
    message,
    next_ts,
    stage,
    submission,
)
from stand_ins import HashingEncoder

from bot.answering import Answerer, InService
from bot.knowledge import memory
from bot.knowledge.index import Index
from bot.records import (
    WORKSPACE,
    Adapter,
    Answer,
    Candidate,
    ChannelSettings,
    Document,
    Passage,
    Question,
    Reading,
)
from bot.slack.looks import blocks
from bot.store import Store, channels, documents, slack_sources

MEL, GUEST, EXTERNAL = "U0MEL", "U0GUEST", "U0EXT"
HOUSE = (ALICE, MEL, ADMIN)
PEOPLE = (*HOUSE, GUEST, EXTERNAL)
OPEN, OTHER, PRIVATE, SHARED, GROUP, GUESTS_GROUP, UNKNOWN = (
    "C0OPEN",
    "C0OTHER",
    "C0PRIVATE",
    "C0SHARED",
    "G0GROUP",
    "G0GUESTS",
    "C0UNKNOWN",
)
MEMBERS = {
    OPEN: (*HOUSE, GUEST),
    OTHER: (ALICE, MEL),
    PRIVATE: (ALICE, GUEST),
    SHARED: (MEL, ADMIN, EXTERNAL),
    GROUP: (ALICE, MEL),
    GUESTS_GROUP: (ALICE, GUEST),
    UNKNOWN: (
        ALICE,
        MEL,
        GUEST,
    ),  # we aren't in it: only commands come from there, and Slack tells nothing of it
}
KINDS = {
    OPEN: "channel",
    OTHER: "channel",
    PRIVATE: "group",
    SHARED: "channel",
    GROUP: "mpim",
    GUESTS_GROUP: "mpim",
}
TOPICS = ("vault", "gate", "garage", "printer")
TOKEN = re.compile(r"tok\d+x")
MORE = int(os.environ.get("LEAK_CASES", 0))
"""As many cases, other ones each time: for a longer look than a test may take."""
CASES = MORE or 60
SEEN: Counter[str] = Counter()
"""What came about over all cases, so that none of this is empty."""


def direct(person: str) -> str:
    return "D0" + person[2:]


class TokenReader:
    """Finds the tokens in what it is given: surely where the passage is of the question's topic."""

    def read(
        self,
        question: str,
        passages: Sequence[str],
        priors: Sequence[float] | None = None,
        nearest: float | None = None,
    ) -> Reading:
        found = [
            Candidate(
                i,
                each.start(),
                each.end(),
                each.group(),
                1.0,
                math.log(0.5),
                self._sure(question, text) - i / 1000,
            )
            for i, text in enumerate(passages)
            for each in TOKEN.finditer(text)
        ]
        return Reading(tuple(sorted(found, key=lambda each: -each.confidence)), "reader-1")

    def _sure(self, question: str, passage: str) -> float:
        return 0.9 if any(topic in question and topic in passage for topic in (*TOPICS, "tok")) else 0.3


class Mind:
    """Finding, remembering and recording as in earnest; only the models are stood in for."""

    def __init__(self, store: Store) -> None:
        self._store, self._encoder = store, HashingEncoder()
        adapter = Adapter("reader-1", "b", "0", "0", "/", card={})
        live = SimpleNamespace(current=InService(adapter, TokenReader()), on_trial=None)  # type: ignore[arg-type]
        self._answerer = Answerer(
            store,
            Index(store, self._encoder),
            self._encoder,
            live,
            min_confidence=0.5,  # type: ignore[arg-type]
        )

    def answer(self, question: Question, thread: Sequence[str]) -> Answer:
        return self._answerer.answer(question, thread)

    def teach(
        self,
        *,
        question: str,
        answer: str,
        scope: str,
        person: str,
        answer_record: Answer | None = None,
        passage_id: int | None = None,
    ) -> Passage:
        ids = [passage_id] if passage_id else []
        ids += [each.passage_id for each in answer_record.offered if each.passage_id] if answer_record else []
        evidence = memory.evidence_of(documents.passages(self._store, ids), answer)
        return memory.teach(
            self._store,
            self._encoder,
            question=question,
            answer=answer,
            scope=scope,
            person=person,
            evidence=evidence,
        )


@dataclass
class Model:
    """Who may know what. A token's `home` is the scope it was learned in; `said` and `known` is what people wrote or
    were rightly shown at a place, or alone."""

    home: dict[str, str] = field(default_factory=dict)
    lessons: dict[str, set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )  # the scopes it was taught in
    learned_in: dict[str, str] = field(default_factory=dict)  # of what was shared from a channel: which
    said: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    known: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    public: set[str] = field(default_factory=lambda: {OPEN, OTHER, SHARED})
    outside: set[str] = field(default_factory=lambda: {SHARED, GUESTS_GROUP})
    chosen: dict[str, ChannelSettings] = field(default_factory=dict)

    def tells_workspace(self, channel: str) -> bool:
        chosen = self.chosen.get(channel, ChannelSettings(channel)).workspace
        return chosen if chosen is not None else channel not in self.outside and channel != UNKNOWN

    def of(self, *scopes: str) -> set[str]:
        return {token for token, home in self.home.items() if {home, *self.lessons[token]} & set(scopes)}

    def to_all_in(self, channel: str) -> set[str]:
        """What everybody in a channel, or the person of a direct message, may be shown."""
        if channel.startswith("D"):
            person = "U0" + channel[2:]
            return (
                self.of(channel, *((WORKSPACE,) if person in HOUSE else ()))
                | self.said[channel]
                | self.known[person]
            )
        return self.of(channel, *((WORKSPACE,) if self.tells_workspace(channel) else ())) | self.said[channel]

    def to_one_in(self, channel: str, person: str) -> set[str]:
        """What somebody may be shown alone in a channel."""
        told = self.to_all_in(channel) | self.known[person]
        unset = self.chosen.get(channel, ChannelSettings(channel)).workspace is None
        return told | self.of(WORKSPACE) if channel == UNKNOWN and unset and person in HOUSE else told

    def to_one(self, person: str) -> set[str]:
        """What somebody may be shown alone, wherever they look: their Home tab, a review queue."""
        readable = [each for each, members in MEMBERS.items() if person in members]
        readable += sorted(self.public) if person in HOUSE else []
        everybody = (WORKSPACE,) if person in HOUSE else ()
        said = set().union(*(self.said[each] for each in readable), self.said[direct(person)])
        return self.of(*everybody, *readable, direct(person)) | said | self.known[person]


class Play:
    """The stage, the model, and what people do: after each act, all that reached Slack is looked at."""

    def __init__(self, on: Stage) -> None:
        self.on, self.model = on, Model()
        on.known.mind = Mind(on.store)
        on.slack.people.update(
            {GUEST: {"is_restricted": True}, EXTERNAL: {"team_id": "T9"}, MEL: {"team_id": "T0"}}
        )
        on.slack.members.update(
            {each: [*members, BOT] for each, members in MEMBERS.items() if each != UNKNOWN}
        )
        on.slack.channels.update(
            {
                PRIVATE: {"is_private": True},
                SHARED: {"is_ext_shared": True},
                GROUP: {"is_mpim": True, "is_private": True},
                GUESTS_GROUP: {"is_mpim": True, "is_private": True},
            }
        )
        on.slack.refuse["conversations.info"] = lambda asked: (
            "channel_not_found" if asked["channel"] in (UNKNOWN,) or asked["channel"][0] == "D" else None
        )
        for channel in KINDS:
            channels.note(on.store, channel, public=channel in self.model.public)
        self._read = 0
        self._tokens = 0

    def token(self) -> str:
        self._tokens += 1
        return f"tok{self._tokens}x"

    # What is known before

    def learn(self, scope: str, topic: str, channel: str | None) -> None:
        """A document; one with a `channel` was learned in it, for everybody where `scope` says so."""
        token, twin = self.token(), self.token()
        text = f"The {topic} code is {token}, by night {twin}."
        new = Document(f"/{token}", f"About {twin}", scope, "h", kind="slack" if channel else "file")
        passage = Passage(0, scope, new.title, f"Codes > What is {twin}?", text, 0, 0)
        vector = HashingEncoder().encode([text])[0].tobytes()
        document_id = documents.replace(self.on.store, new, [passage], [vector])
        self.model.home[token] = self.model.home[twin] = scope
        if channel is not None:
            slack_sources.note(self.on.store, document_id, channel, next_ts())
            self.model.learned_in[token] = self.model.learned_in[twin] = channel

    def taught(self, scope: str, topic: str, elsewhere: bool) -> None:
        """A lesson; `elsewhere`: it stands in a passage of whatever scope, which must not be shown with it."""
        token = self.token()
        found = documents.passages(self.on.store, list(range(1, 40))) if elsewhere else []
        found = [each for each in found if each.question is None]
        evidence = found[self._tokens % len(found)] if found else None
        if evidence is not None and (inside := TOKEN.search(evidence.text)):
            token = (
                inside.group()
            )  # whoever teaches it there knows it there, and nothing else of that passage
        self.model.home.setdefault(token, scope)
        self.model.lessons[token].add(scope)
        teacher = "U0" + scope[2:] if scope.startswith("D") else MEMBERS.get(scope, HOUSE)[0]
        self.model.known[teacher].add(token)
        memory.teach(
            self.on.store,
            HashingEncoder(),
            question=f"What is the {topic} code?",
            answer=token,
            scope=scope,
            person=teacher,
            evidence=evidence,
        )

    def set_up(self, chosen: ChannelSettings) -> None:
        channels.configure(self.on.store, chosen)
        self.model.chosen[chosen.channel] = chosen
        if not chosen.shares:
            self._take_back(chosen.channel)

    def _take_back(self, channel: str) -> None:
        for token, learned_in in self.model.learned_in.items():
            if learned_in == channel and self.model.home[token] == WORKSPACE:
                self.model.home[token] = channel

    # What people do

    def ask(self, channel: str, person: str, text: str, thread: bool) -> None:
        more: dict[str, Any] = {}
        if thread and (last := self._last_reply(channel)) is not None:
            more["thread_ts"] = last
        self.model.said[channel] |= set(TOKEN.findall(text))
        body = message(f"<@{BOT}> {text}", channel=channel, user=person, **more)
        self._event(channel, person, body)

    def ask_alone(self, channel: str, person: str, text: str) -> None:
        self.model.known[person] |= set(TOKEN.findall(text))
        self._act(channel, person, command(f"ask {text}", self.on.slack, user=person, channel=channel))
        button = next((each for each in self._buttons() if each["action_id"] == blocks.SHARE), None)
        if button is not None:
            self.model.said[channel] |= set(TOKEN.findall(text))  # the question is shared with its answer
            self._act(channel, person, click(button, self.on.slack, user=person, channel=channel))
            SEEN["tried to share"] += 1

    def correct(self, channel: str, person: str) -> None:
        """The last answer in a channel is corrected with a new secret."""
        self.ask(channel, person, f"What is the {TOPICS[self._tokens % len(TOPICS)]} code?", thread=False)
        row = self.on.store.one(
            "SELECT max(id) AS id FROM answers WHERE channel = ? AND ts IS NOT NULL", [channel]
        )
        if not row or row["id"] is None:
            return
        action = {"action_id": blocks.CORRECT_THIS, "type": "button", "value": str(row["id"])}
        self._act(channel, person, click(action, self.on.slack, user=person, channel=channel))
        opened = self.on.slack.of("views.open")[-1]["view"]
        token = self.token()
        self.model.home[token] = channel
        self.model.known[person].add(token)
        given = {"reason": ["wrong"], "correction": token, "answer": token}
        question = next((each for each in opened["blocks"] if each.get("block_id") == "question"), None)
        if question is not None:
            given["question"] = question["element"].get("initial_value") or "What?"
            self.model.said[channel] |= set(TOKEN.findall(given["question"]))
        SEEN["corrected"] += 1
        self._act(channel, person, submission(opened, given, user=person))

    def review(self, channel: str, *, accept: bool) -> None:
        self._act(channel, ADMIN, command("review", self.on.slack, user=ADMIN, channel=channel))
        buttons = [each for each in self._buttons() if each["action_id"] == "review_accept"]
        SEEN["reviewed"] += bool(buttons)
        if not buttons or not accept:
            return
        for key in json.loads(buttons[0]["value"])["keys"]:
            if key.startswith("taught:"):
                lesson = documents.passage(self.on.store, int(key.partition(":")[2]))
                for token in TOKEN.findall(lesson.text if lesson else ""):
                    self.model.lessons[token].add(WORKSPACE)
                    SEEN["agreed to for all"] += 1
        self._act(channel, ADMIN, click(buttons[0], self.on.slack, user=ADMIN, channel=channel))

    def look(self, person: str, tab: str) -> None:
        body = event({"type": "app_home_opened", "user": person, "tab": tab, "channel": direct(person)})
        self._act(None if tab == "home" else direct(person), person, body)

    def made_private(self, channel: str) -> None:
        self.on.slack.channels[channel] = {**self.on.slack.channels.get(channel, {}), "is_private": True}
        self.model.public.discard(channel)
        self._take_back(channel)
        body = message("made this channel *private*", channel=channel, user=ALICE, channel_type="group")
        body["event"]["subtype"] = "channel_convert_to_private"
        self._act(channel, ALICE, body)

    def opened_to_others(self, channel: str) -> None:
        self.on.slack.channels[channel] = {**self.on.slack.channels.get(channel, {}), "is_ext_shared": True}
        self.model.outside.add(channel)
        self._act(
            channel, ALICE, event({"type": "channel_shared", "connected_team_id": "T9", "channel": channel})
        )

    # What came of it

    def _event(self, channel: str, person: str, body: dict[str, Any]) -> None:
        if not channel.startswith("D"):
            body["event"]["channel_type"] = KINDS[channel] if channel in self.model.public else "group"
            if KINDS[channel] == "mpim":
                body["event"]["channel_type"] = "mpim"
            body["is_ext_shared_channel"] = channel in self.model.outside and KINDS[channel] != "mpim"
        self._act(channel, person, body)

    def _act(self, channel: str | None, person: str, body: dict[str, Any]) -> None:
        self.on.send(body)
        self.on.settle()
        calls, self._read = self.on.slack.calls[self._read :], len(self.on.slack.calls)
        for method, asked in calls:
            self._look_at(method, asked, channel, person)

    def _look_at(self, method: str, asked: dict[str, Any], channel: str | None, person: str) -> None:
        tokens = set(TOKEN.findall(json.dumps(asked)))
        if method in ("chat.postMessage", "chat.update"):
            allowed, heard = self.model.to_all_in(asked["channel"]), self.model.said[asked["channel"]]
        elif method in ("respond", "chat.postEphemeral", "views.open", "views.update", "views.push"):
            allowed, heard = self._alone(channel, person), self.model.known[person]
        elif method == "views.publish":
            allowed, heard = self.model.to_one(asked["user_id"]), self.model.known[asked["user_id"]]
        elif method == "assistant.threads.setSuggestedPrompts":
            allowed, heard = self.model.to_all_in(asked["channel_id"]), self.model.known[person]
            if person in HOUSE:  # what was asked where the whole workspace reads
                allowed = allowed.union(*(self.model.said[each] for each in self.model.public))
        else:
            assert not tokens or method in ("files.getUploadURLExternal",), (method, asked)
            return
        SEEN["shown"] += 1
        SEEN["told"] += bool(tokens)
        SEEN[f"told by {method}"] += bool(tokens)
        SEEN["held back"] += len(self.model.home.keys() - allowed)
        leaked = tokens - allowed
        assert not leaked, (
            f"{leaked} of {[self.model.home.get(t) for t in leaked]} told by {method} to {person} in {channel}: {asked}"
        )
        heard |= tokens

    def _alone(self, channel: str | None, person: str) -> set[str]:
        told = self.model.to_one(person) if channel is None or person == ADMIN else set()
        return told | (self.model.to_one_in(channel, person) if channel else set())

    def _buttons(self) -> list[dict[str, Any]]:
        answered = self.on.slack.of("respond")
        return elements(answered[-1].get("blocks"), "button") if answered else []

    def _last_reply(self, channel: str) -> str | None:
        row = self.on.store.one(
            "SELECT q.thread FROM questions q WHERE q.channel = ? AND q.thread IS NOT NULL ORDER BY id DESC LIMIT 1",
            [channel],
        )
        return str(row["thread"]) if row else None


def places(person: str) -> list[str]:
    return [each for each, members in MEMBERS.items() if person in members]


SCOPES = st.sampled_from([WORKSPACE, WORKSPACE, *KINDS, *map(direct, PEOPLE)])
TEXTS = st.one_of(
    st.sampled_from(TOPICS).map(lambda topic: f"What is the {topic} code?"),
    st.sampled_from(TOPICS).map(lambda topic: f"and the {topic}?"),
    st.integers(1, 18).map(lambda n: f"Where does it say tok{n}x?"),
    st.tuples(st.sampled_from(TOPICS), st.integers(1, 18)).map(lambda t: f"The {t[0]} code is tok{t[1]}x."),
)
CHOICES = st.builds(
    ChannelSettings,
    channel=st.sampled_from([OPEN, OTHER, PRIVATE, SHARED, GROUP, GUESTS_GROUP]),
    shares=st.booleans(),
    workspace=st.sampled_from([None, None, True, False]),
    follows=st.booleans(),
)
PERSONS = st.sampled_from(PEOPLE)
ACTS = st.one_of(
    st.tuples(st.just("ask"), PERSONS, st.integers(0, 9), TEXTS, st.booleans()),
    st.tuples(st.just("ask"), PERSONS, st.integers(0, 9), TEXTS, st.booleans()),
    st.tuples(st.just("alone"), PERSONS, st.integers(0, 9), TEXTS),
    st.tuples(st.just("correct"), PERSONS, st.integers(0, 9)),
    st.tuples(st.just("review"), st.booleans(), st.integers(0, 9)),
    st.tuples(st.just("look"), PERSONS, st.sampled_from(["home", "messages"])),
    st.tuples(st.just("set up"), CHOICES),
    st.tuples(st.just("private"), st.sampled_from([OPEN, OTHER])),
    st.tuples(st.just("opened"), st.sampled_from([OPEN, OTHER, PRIVATE])),
)
LEARNED = st.tuples(SCOPES, st.sampled_from(TOPICS), st.sampled_from([None, OPEN, OTHER]))
LESSONS = st.tuples(SCOPES | st.just(WORKSPACE), st.sampled_from(TOPICS), st.booleans())


def perform(play: Play, act: tuple[Any, ...]) -> None:
    kind, *given = act
    if kind in ("ask", "alone", "correct"):
        person, number = given[0], given[1]
        where = [*places(person), direct(person)]
        if kind != "alone":
            where.remove(UNKNOWN) if UNKNOWN in where else None
        channel = where[number % len(where)]
        if kind == "ask":
            play.ask(channel, person, given[2], given[3])
        elif kind == "alone":
            play.ask_alone(channel, person, given[2])
        else:
            play.correct(channel, person)
    elif kind == "review":
        play.review(places(ADMIN)[given[1] % len(places(ADMIN))], accept=given[0])
    elif kind == "look":
        play.look(*given)
    elif kind == "set up":
        play.set_up(*given)
    elif kind == "private":
        play.made_private(*given)
    else:
        play.opened_to_others(*given)
    SEEN["acts"] += 1


@settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=not MORE,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.lists(LEARNED, min_size=3, max_size=8),
    st.lists(LESSONS, max_size=4),
    st.lists(CHOICES, max_size=3),
    st.lists(ACTS, min_size=4, max_size=14),
)
def the_secrets_stay_where_they_may_be_told(learned, lessons, chosen, acts) -> None:
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder)) as on:
        play = Play(on)
        for scope, topic, channel in learned:
            play.learn(scope, topic, channel if scope == WORKSPACE else None)
        for each in lessons:
            play.taught(*each)
        for each in chosen:
            play.set_up(each)
        for act in acts:
            perform(play, act)
        SEEN["cases"] += 1


def test_no_secret_is_told_where_it_may_not_be() -> None:
    SEEN.clear()
    the_secrets_stay_where_they_may_be_told()
    print(dict(SEEN))
    assert SEEN["cases"] >= CASES
    assert SEEN["told"] >= SEEN["cases"], "what may be told is told"
    assert SEEN["held back"] >= 10 * SEEN["cases"], "there was something to leak each time"
    for way in (
        "chat.postMessage",
        "respond",
        "views.open",
        "views.publish",
        "assistant.threads.setSuggestedPrompts",
    ):
        assert SEEN[f"told by {way}"] > 0, way
    for way in ("tried to share", "corrected", "reviewed", "agreed to for all"):
        assert SEEN[way] > 0, way
