"""What a person types becomes what Slack sends: escaped, and mentions, channels, links in angle brackets."""

import re

from bot.playground.workspace import Workspace

LINK = re.compile(r"(?<![<|\w])(https?://[^\s<>|]*[^\s<>|.,;:!?)\]'\"])")
TOKEN = re.compile(r"&lt;(@[UW][A-Z0-9]+|#C[A-Z0-9]+)(\|[^&|]*)?&gt;")
NAME = re.compile(r"(?<![\w/&;])([@#])([\w][\w-]*)")


def wire_text(typed: str, workspace: Workspace) -> str:
    """`typed` as the `text` of a message. Ids already written as `<@U...>` or `<#C...>` stay."""
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = TOKEN.sub(r"<\1>", escaped)
    # Code is left as typed: what looks like a mention in it isn't one.
    pieces = re.split(r"(```.*?```|`[^`\n]+`)", escaped, flags=re.DOTALL)
    for at in range(0, len(pieces), 2):
        pieces[at] = _linked(pieces[at], workspace)
    return "".join(pieces)


def _linked(text: str, workspace: Workspace) -> str:
    people = {person.name.lower(): person.id for person in workspace.people.values()}
    channels = {c.name: c.id for c in workspace.channels.values() if c.kind != "im"}

    def named(found: re.Match[str]) -> str:
        sign, name = found.groups()
        if sign == "@":
            if name.lower() in ("here", "channel", "everyone"):
                return f"<!{name.lower()}>"
            return f"<@{people[name.lower()]}>" if name.lower() in people else found.group()
        return f"<#{channels[name]}|{name}>" if name in channels else found.group()

    return "".join(
        piece if piece.startswith("<http") else NAME.sub(named, piece)
        for piece in re.split(r"(<https?://[^>]+>)", LINK.sub(r"<\1>", text))
    )
