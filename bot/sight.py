"""What may be told at a place: the one rule by which scopes follow from a channel and from who asks there.

A reply in a channel is read by everybody in it, so what may be told depends on the channel, not on who asks. In a direct
message only the person's own standing is left: people from elsewhere and guests see there what was taught there, and no more.
What isn't known of a channel counts against telling. Nothing but this module says which scopes a place sees.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.records import WORKSPACE, Offered, PersonKind, Question
from bot.store import Store, channels, documents

OF_THE_HOUSE: tuple[PersonKind, ...] = ("member",)
ON_THE_MACHINE = (WORKSPACE,)
"""What whoever runs the machine is told on its command line: no channel's own knowledge, for a question is of none."""


def scopes(
    store: Store, channel: str, person: PersonKind, *, direct: bool, alone: bool = False
) -> tuple[str, ...]:
    """The scopes from which a question may be answered that is asked in `channel` by somebody of this kind.

    `direct`: a direct message with the bot. `alone`: only who asked sees the answer (a slash command): where nothing is
    known of the channel, such as a private one that we aren't in, a member of the house is told what everybody may know.
    """
    house = person in OF_THE_HOUSE
    if direct:
        return (WORKSPACE, channel) if house else (channel,)
    told = tells_workspace(store, channel)
    if told is None:
        told = alone and house
    return (WORKSPACE, channel) if told else (channel,)


def tells_workspace(store: Store, channel: str) -> bool | None:
    """Whether what the whole workspace knows may be told in a channel: as its people set it, else unless it is shared
    with people from elsewhere. None: nobody has set it, and Slack hasn't said who reads along."""
    chosen = channels.settings(store, channel).workspace
    if chosen is not None:
        return chosen
    outside = channels.outside(store, channel)
    return None if outside is None else not outside


def learned_scope(store: Store, channel: str, by: PersonKind = "member") -> str:
    """The scope of what is learned in a channel: everybody's where it is public and its people share what is learned
    there, unless somebody from elsewhere gave it; else the channel's own."""
    shared = channels.settings(store, channel).shares and channel in channels.public(store)
    return WORKSPACE if shared and by in OF_THE_HOUSE else channel


def public_place(channel: str | None, public: Collection[str]) -> bool:
    """Whether the whole workspace may read there; `public`: `channels.public(store)`. None: the command line."""
    return channel is None or channel == WORKSPACE or channel in public


def under_four_eyes(question: Question) -> bool:
    """A direct message, or a slash command, whose answer only the asker sees."""
    return question.source == "command" or is_direct(question.channel)


def is_direct(channel: str | None) -> bool:
    """Whether a channel (or a scope) is a direct message with the bot."""
    return bool(channel) and str(channel).startswith("D")


def is_public(question: Question, public: Collection[str]) -> bool:
    """Whether the whole workspace may read where something was asked, and all that it was answered from."""
    return not under_four_eyes(question) and all(
        public_place(each, public) for each in (question.channel, *question.scopes)
    )


def standing_for(scope: str) -> tuple[str, ...]:
    """The scopes of the texts that a lesson of this scope may name as what it stands in: its own, and everybody's."""
    return (scope, WORKSPACE)


def heard(store: Store, scopes: Sequence[str]) -> frozenset[str]:
    """The scopes of the questions whose feedback about passages counts for one that is asked in `scopes`."""
    return frozenset({WORKSPACE, *channels.public(store), *scopes})


def still_in_sight(store: Store, offered: Sequence[Offered], scopes: Sequence[str]) -> tuple[Offered, ...]:
    """What may still be shown of the texts once offered for an answer: a passage that is gone, or was kept to another
    place since, no more."""
    found = documents.passages(store, [each.passage_id for each in offered if each.passage_id is not None])
    seen = {passage.id for passage in found if passage.scope in scopes}
    return tuple(each for each in offered if each.passage_id is None or each.passage_id in seen)
