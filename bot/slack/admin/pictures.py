"""Shows the picture of a run's head beside its verdict. Where Slack doesn't take it, the verdict stands alone."""

from __future__ import annotations

import logging
from pathlib import Path

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.records import Run
from bot.slack import words
from bot.slack.admin import run_blocks

ALT_CHARACTERS = 1000
log = logging.getLogger(__name__)


def show_head(client: WebClient, home: Path, run: Run, channel: str, thread: str | None) -> None:
    """Uploads the picture that the run left, if it left one, into the thread of its verdict."""
    path = home / "reports" / f"run-{run.id}.png"
    if run.state != "done" or not path.is_file():
        return
    title = words.PICTURE_TITLE.format(run=run.id)
    alt = words.PICTURE_ALT.format(run=run.id, headline=run_blocks.headline(run))
    try:
        client.files_upload_v2(
            channel=channel,
            thread_ts=thread,
            file=str(path),
            filename=path.name,
            title=title,
            alt_txt=alt[:ALT_CHARACTERS],
        )
    except (SlackClientError, OSError) as error:
        why = error.response.get("error") if isinstance(error, SlackApiError) else error
        remedy = (
            ": install the app again with the manifest, which asks for files:write"
            if why == "missing_scope"
            else ""
        )
        log.warning("the picture of run %s can't be shown in %s (%s)%s", run.id, channel, why, remedy)
