"""Puts the Slack room together: a Bolt app with its listeners, and Socket Mode (HTTP mode is in `http`).

app = build_app(services)
connection = start_socket_mode(app, settings.slack_app_token)
...
connection.stop()
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.records import Promotion
from bot.slack.admin import commands, config, reviews
from bot.slack.admin.reports import Reports
from bot.slack.connection import leaving
from bot.slack.connection.clients import clients, like
from bot.slack.connection.ourselves import ignore_ourselves
from bot.slack.feedback import actions, teaching
from bot.slack.feedback.lessons import Lessons
from bot.slack.feedback.still_true import StillTrue
from bot.slack.feedback.votes import Votes
from bot.slack.home import home_clicks
from bot.slack.home.tab import Home
from bot.slack.learning.following_through import Following
from bot.slack.learning.history import Threads
from bot.slack.learning.live import Learning
from bot.slack.room import Room
from bot.slack.services import Services
from bot.slack.talk import about, events, prompts, sharing
from bot.slack.talk.conversation import Conversation

log = logging.getLogger(__name__)


class SlackApp(App):
    """A Bolt app with the room that works for it."""

    room: Room
    reports: Reports
    learning: Learning
    home: Home


def build_app(
    services: Services, *, client: WebClient | None = None, token_verification: bool = True
) -> SlackApp:
    """The app with all its listeners, its threads not started yet. Calls `auth.test` unless told not to.

    `client` stands in for one made from the settings (its token and base_url count).
    """
    settings = services.settings
    pair = like(client) if client is not None else clients(settings.slack_bot_token, settings.slack_api_url)
    authorize = _authorization(pair.patient)
    if token_verification:
        authorize()
    app = SlackApp(
        name="lorebot",
        logger=logging.getLogger("slack_bolt"),  # its level counts; Bolt's own loggers take the root's
        client=_without_token(pair.patient),  # only Bolt's own; listeners choose from the room's pair
        authorize=authorize,
        signing_secret=settings.slack_signing_secret,
        attaching_conversation_kwargs_enabled=False,
        process_before_response=False,
        ignoring_self_events_enabled=False,
    )
    app.middleware(ignore_ourselves)
    app.room = room = Room(services, pair)
    conversation, votes = Conversation(room), Votes(room)
    lessons, app.reports = Lessons(room, votes), Reports(room)
    room.takes("ask", conversation.take, conversation.came_to_nothing)
    room.takes("reaction", votes.take)
    room.takes("lesson", lessons.take, lessons.came_to_nothing)
    room.beside(app.reports)
    app.learning = Learning(room)
    app.learning.register(app)  # before the listeners: it only looks on
    Following(room, Threads(room)).register(app)  # and so does this
    StillTrue(room).register(app)
    events.register(app, room, conversation, votes)
    app.home = Home(room)
    room.beside(app.home)
    queue = reviews.Reviews(room, app.home.show)
    commands.register(app, room, conversation, lessons, queue)
    actions.register(app, room, votes, lessons)
    teaching.register(app, room)
    config.register(app, room)
    about.register(app, room, conversation)
    sharing.register(app, room)
    prompts.register(app, room)
    home_clicks.register(app, room, app.home, queue, partial(config.open_config, room))
    reviews.register(app, room, queue)
    leaving.register(app, room)
    return app


def _authorization(client: WebClient) -> Callable[[], AuthorizeResult]:
    """Who we are, asked once. Left to itself, Bolt takes a renewed token (xoxe.xoxb-...) for a person's, and wherever
    SLACK_CLIENT_ID is in the environment it looks for an installation in files of its own."""
    known: list[SlackResponse] = []

    def authorize() -> AuthorizeResult:
        if not known:
            known.append(client.auth_test())
        return AuthorizeResult.from_auth_test_response(bot_token=client.token, auth_test_response=known[0])

    return authorize


def _without_token(client: WebClient) -> WebClient:
    bare = WebClient(base_url=client.base_url, timeout=client.timeout, ssl=client.ssl, headers=client.headers)
    bare.proxy = client.proxy
    return bare


def announce_swap(app: SlackApp, promotion: Promotion) -> None:
    """To be called when another adapter has begun to serve: says so where its retraining was followed."""
    app.reports.announce_swap(promotion)


@dataclass(frozen=True, slots=True)
class SocketConnection:
    """A running connection to Slack."""

    app: SlackApp
    handler: SocketModeHandler

    def connected(self) -> bool:
        return bool(self.handler.client.is_connected())

    def stop(self) -> None:
        """Takes no more from Slack, finishes what runs, hands the rest back. Returns within about 20 seconds."""
        self.handler.client.close()
        self.app.room.stop()


def start_socket_mode(app: SlackApp, app_token: str) -> SocketConnection:
    """Connects and returns at once; Slack's messages are worked on by threads of their own."""
    app.room.start()
    handler = SocketModeHandler(app, app_token, web_client=app.room.clients.patient)
    handler.client.proxy = (
        app.client.proxy
    )  # the SDK looks for a proxy again, even where there is none on the way
    handler.client.connect()
    return SocketConnection(app, handler)
