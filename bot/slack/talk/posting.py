"""Posts what `blocks` made, and copes with a Slack that refuses it: plain buttons instead, at last the text alone."""

from __future__ import annotations

import logging
from collections.abc import Callable

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.connection.clients import respond
from bot.slack.looks.rich import Posting

Make = Callable[[bool], Posting]
"""Makes the message; called with True when it has to do with plain buttons."""
GONE = ("message_not_found", "cant_update_message", "edit_window_closed")
log = logging.getLogger(__name__)


class Poster:
    """Remembers whether this Slack takes feedback buttons, so that only one message finds out."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._plain_buttons = False

    def post(
        self, channel: str, make: Make, *, thread: str | None = None, instead_of: str | None = None
    ) -> str:
        """Posts, or updates the message at `instead_of`; returns the message's ts. Raises SlackApiError."""
        try:
            return self._send(channel, make(self._plain_buttons), thread, instead_of)
        except SlackApiError as error:
            if not _refused(error):
                raise
        posting = make(True)
        try:
            ts = self._send(channel, posting, thread, instead_of)
            self._plain_buttons = True
            return ts
        except SlackApiError as error:
            if not _refused(error):
                raise
            log.error(
                "Slack refuses these blocks: %s; posting text alone", error.response.get("response_metadata")
            )
        return self._send(channel, Posting(posting.text, []), thread, instead_of)

    def respond(self, response_url: str, make: Make) -> None:
        """The same for a response_url, for one person's eyes."""
        if self._plain_buttons or not respond(response_url, *make(False)):
            posting = make(True)
            if not respond(response_url, *posting):
                respond(response_url, posting.text)

    def _send(self, channel: str, posting: Posting, thread: str | None, instead_of: str | None) -> str:
        # The text holds words of documents: without mrkdwn they stay words.
        if instead_of is not None:
            try:
                self._client.chat_update(
                    channel=channel, ts=instead_of, text=posting.text, blocks=posting.blocks
                )
                return instead_of
            except SlackApiError as error:
                if error.response.get("error") not in GONE:
                    raise
        posted = self._client.chat_postMessage(
            channel=channel,
            text=posting.text,
            blocks=posting.blocks,
            thread_ts=thread,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(posted["ts"])


def _refused(error: SlackApiError) -> bool:
    return error.response.get("error") in (
        "invalid_blocks",
        "invalid_blocks_format",
        "unsupported_block_type",
        "msg_blocks_too_long",
    )
