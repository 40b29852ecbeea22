"""What goes to the log, and what never does: no words that people wrote, no tokens, at any level.

Our own records name questions, people and channels by their ids only. Everything else could carry anybody's words: what
libraries say below WARNING (Bolt and slack-sdk print whole requests at DEBUG), and what exceptions quote. So the former is
left out and of exceptions only the kind and the place are told, unless LOREBOT_LOG_TEXT asks for all. Tokens and
response addresses are taken out even then.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import TextIO

from bot.errors import LorebotError

OURS = ("bot", "training", "__main__")
HIDDEN = "[hidden]"
_TOKEN = re.compile(
    r"\bx(?:ox[a-z]|oxe\.xox[a-z]|app|wfp)-[\w.%-]{4,}"  # Slack's tokens ("Tokens"), xoxe.xoxb-... among them
    r"|https://hooks\.slack[\w.-]*/[^\s\"'<>]+"  # whoever has a response_url or webhook may post
    r"|(?i:bearer\s+)[\w.~+/-]{8,}=*"
)


def set_up(
    *,
    level: str,
    form: str = "text",
    words: bool = False,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Everything that is logged from now on goes to `stream` (stderr), through the rules above.

    `form`: text or json. `words`: whether what people wrote may be in it. `secrets`: what is hidden wherever it stands.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    kind = _Json if form == "json" else _Text
    handler.setFormatter(kind(words=words, secrets=[each for each in secrets if len(each) > 3]))
    if not words:
        handler.addFilter(_is_ours_or_matters)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread
    for chatty in ("httpx", "apscheduler", "uvicorn", "websockets", "asyncio", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.NOTSET if words else logging.WARNING)
    # These two print whatever their own level lets through, without asking what the root's is.
    for verbose in ("slack_bolt", "slack_sdk"):
        logging.getLogger(verbose).setLevel(level if words else max(logging.WARNING, root.level))


def told(error: BaseException, *, words: bool = False) -> str:
    """An exception in a line: what we wrote or Slack named is told, what may quote people only by its kind."""
    kind = type(error).__name__
    if words or isinstance(error, LorebotError):
        return f"{kind}: {error}"
    response = getattr(error, "response", None)  # a SlackApiError: its text holds the whole response
    if response is not None and hasattr(response, "get"):
        return f"{kind}: {response.get('error')}"
    if isinstance(error, OSError):
        return f"{kind}: {error.strerror or getattr(error, 'reason', None) or error}"
    if kind in ("OperationalError", "DatabaseError"):  # sqlite3's: about files and locks
        return f"{kind}: {error}"
    return kind


class _Text(logging.Formatter):
    def __init__(self, *, words: bool, secrets: list[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._words = words
        self._secrets = re.compile("|".join(map(re.escape, secrets))) if secrets else None

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {self.message(record)}"
        trace = self.trace(record)
        return f"{line}\n{trace}" if trace else line

    def message(self, record: logging.LogRecord) -> str:
        args = record.args
        if isinstance(args, tuple):
            args = tuple(
                told(each, words=self._words) if isinstance(each, BaseException) else each for each in args
            )
        said = str(record.msg) % args if args else str(record.msg)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not self._words and str(error):
            said = said.replace(str(error), told(error))  # libraries put it into the sentence as well
        return self.without_secrets(said)

    def trace(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        return self.without_secrets("".join(_trace(error, self._words)).rstrip()) if error else ""

    def without_secrets(self, text: str) -> str:
        text = _TOKEN.sub(HIDDEN, text)
        return self._secrets.sub(HIDDEN, text) if self._secrets else text


class _Json(_Text):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "message": self.message(record),
        }
        trace = self.trace(record)
        return json.dumps({**entry, "trace": trace} if trace else entry, ensure_ascii=False)


def _trace(error: BaseException, words: bool) -> Iterable[str]:
    """Where it happened, from the cause to the exception; source lines hold no values."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _trace(before, words)
        yield "which led to:\n"
    yield from traceback.format_tb(error.__traceback__)
    yield told(error, words=words) + "\n"


def _is_ours_or_matters(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in OURS


def _log_thread(args: threading.ExceptHookArgs) -> None:
    """A thread that ends in an exception would print it, words and all."""
    if args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "?"
    found: tuple[type[BaseException], BaseException, TracebackType | None] | None = (
        (args.exc_type, args.exc_value, args.exc_traceback) if args.exc_value is not None else None
    )
    logging.getLogger(__name__).error("thread %s ended", name, exc_info=found)
