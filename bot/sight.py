"""What may be told at a place: the one rule by which scopes follow from a channel and from who asks there.

A reply in a channel is read by everybody in it, so what may be told depends on the channel, not on who asks. In a direct
message only the person's own standing is left: people from elsewhere and guests see there what was taught there, and no more.
"""

from __future__ import annotations

from bot.records import WORKSPACE, PersonKind
from bot.store import Store, channels

OF_THE_HOUSE: tuple[PersonKind, ...] = ("member",)


def scopes(store: Store, channel: str, person: PersonKind, *, direct: bool) -> tuple[str, ...]:
    """The scopes from which a question may be answered that is asked in `channel` by somebody of this kind."""
    if direct:
        return (WORKSPACE, channel) if person in OF_THE_HOUSE else (channel,)
    return (WORKSPACE, channel) if tells_workspace(store, channel) else (channel,)


def tells_workspace(store: Store, channel: str) -> bool:
    """Whether what the whole workspace knows may be told in a channel: as its people set it, else unless it is shared
    with people from elsewhere."""
    chosen = channels.settings(store, channel).workspace
    return not channels.outside(store, channel) if chosen is None else chosen
