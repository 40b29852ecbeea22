"""Who gives feedback is noted as it comes in, so that trust knows whose word has to wait."""

from __future__ import annotations

import pytest
from slack_stage import ALICE, Stage, click, reaction, stage

from bot import trust
from bot.slack.looks import blocks
from bot.store import people


@pytest.fixture
def on(tmp_path):
    with stage(tmp_path) as made:
        yield made


def vote_up(on: Stage, person: str) -> None:
    on.ask("When is payday?")
    action = {
        "action_id": blocks.FEEDBACK,
        "type": "feedback_buttons",
        "value": f"up:{on.last_answer().id}",
    }
    on.send(click(action, on.slack, user=person))
    on.settle()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, "member"),
        ({"team_id": "T0"}, "member"),
        ({"is_restricted": True}, "guest"),
        ({"is_ultra_restricted": True, "is_restricted": True}, "guest"),
        ({"is_stranger": True}, "external"),
        ({"team_id": "T9"}, "external"),
        ({"team_id": "T9", "is_restricted": True}, "external"),
        ({"team_id": "T9", "enterprise_user": {"enterprise_id": "E9"}}, "external"),
        ({"is_bot": True}, "bot"),
    ],
)
def test_what_somebody_is_to_the_workspace_is_noted_with_their_vote(on: Stage, said: dict, kind: str) -> None:
    on.slack.people[ALICE] = said
    vote_up(on, ALICE)
    assert people.known(on.store)[ALICE].kind == kind
    standing = trust.standings(on.store)[on.last_answer().id or 0, ALICE]
    assert (standing.weight > 0) is (kind == "member")


def test_a_reaction_notes_its_giver_and_a_change_of_kind_is_followed(on: Stage) -> None:
    on.slack.people["U0GUEST"] = {"is_restricted": True}
    on.ask("When is payday?")
    on.settle()
    on.send(reaction("+1", on.last_answer(), user="U0GUEST"))
    on.settle()
    assert people.known(on.store)["U0GUEST"].kind == "guest"
    first = people.known(on.store)["U0GUEST"].first_seen
    people.seen(on.store, "U0GUEST", "member")
    now = people.known(on.store)["U0GUEST"]
    assert (now.kind, now.first_seen) == ("member", first)


def test_who_may_not_be_seen_is_of_another_organisation_and_who_cannot_be_looked_up_stays_unknown(
    on: Stage,
) -> None:
    on.slack.refuse["users.info"] = lambda asked: (
        "user_not_visible" if asked["user"] == "U0FAR" else "fatal_error"
    )
    vote_up(on, "U0FAR")
    vote_up(on, "U0LOST")
    known = people.known(on.store)
    assert known["U0FAR"].kind == "external"
    assert "U0LOST" not in known
    assert len(trust.standings(on.store)) == 2, "the votes are kept whatever Slack says of their givers"


def test_somebody_is_known_since_their_first_question(on: Stage) -> None:
    on.ask("When is payday?")
    vote_up(on, ALICE)
    asked = on.store.one("SELECT min(asked_at) AS at FROM questions WHERE person = ?", [ALICE])
    assert asked is not None
    assert people.known(on.store)[ALICE].first_seen == asked["at"]
