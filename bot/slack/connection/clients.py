"""How Slack's Web API is called: quickly where somebody waits for an acknowledgement, patiently everywhere else.

All clients of an app share one `Line`: what happens when its token runs out, or when Slack takes the app away.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import (
    ConnectionErrorRetryHandler,
    HttpRequest,
    HttpResponse,
    RateLimitErrorRetryHandler,
    RetryState,
)
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from bot import metrics

Json = dict[str, Any]
QUICK_S = 3
PATIENT_S = 20
EXPIRED = "token_expired"
GONE = ("account_inactive", "invalid_auth", "token_revoked")
"""What Slack says to every call once an app was uninstalled or its token revoked (auth.test's documentation)."""
_SAYS_SO = ("auth.test", "apps.connections.open")
log = logging.getLogger(__name__)


class Line:
    """What the clients of one app have in common. Whoever runs the app sets `renew` and `gone`."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        """Set: nobody sits a rate limit out any more."""
        self.renew: Callable[[str], str | None] = lambda expired: None
        """renew(expired token) -> another one, or None where there is none."""
        self.gone: Callable[[str, str], None] = lambda method, code: log.error("%s: %s", method, code)
        """gone(method, error code): Slack won't take this token again."""
        self._clients: list[WebClient] = []

    def carries(self, client: WebClient) -> None:
        """A client that gets the new token when the old one was renewed."""
        self._clients.append(client)

    def use(self, token: str) -> None:
        for client in self._clients:
            client.token = token


class Client(WebClient):
    """Goes on with a renewed token, and tells its line when Slack has taken the app away."""

    def __init__(self, line: Line, **given: Any) -> None:
        super().__init__(**given)
        self.line = line
        line.carries(self)

    def api_call(self, api_method: str, **given: Any) -> SlackResponse:
        token = self.token or ""
        try:
            return super().api_call(api_method, **given)
        except SlackApiError as error:
            code = str(error.response.get("error"))
            if code == EXPIRED and (fresh := self.line.renew(token)) is not None:
                self.line.use(fresh)
                return super().api_call(api_method, **given)
            if code in GONE and api_method in _SAYS_SO:
                self.line.gone(api_method, code)
            elif code in GONE:
                with suppress(SlackApiError, OSError):
                    self.auth_test()  # one method may have its own reason to refuse; this one decides
            raise


class Clients(NamedTuple):
    quick: Client
    """Fails rather than waits: for opening modals, which must happen within three seconds."""
    patient: Client
    """Sits a rate limit out: only for threads of our own."""

    @property
    def line(self) -> Line:
        return self.patient.line


class Obedience(RateLimitErrorRetryHandler):
    """Waits as long as a 429 says ("Rate limits"), unless the app is closing; counts each."""

    def __init__(self, closing: threading.Event, max_retry_count: int) -> None:
        super().__init__(max_retry_count)
        self._closing = closing

    def can_retry(self, *, response: HttpResponse | None = None, **given: Any) -> bool:
        if response is None or response.status_code != 429:
            return False
        metrics.RATE_LIMITED.labels(_method(given["request"])).inc()
        return not self._closing.is_set() and super().can_retry(response=response, **given)

    def prepare_for_next_attempt(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        headers = {name.lower(): value for name, value in (response.headers if response else {}).items()}
        after = str(next(iter(headers.get("retry-after", ())), "1"))
        log.info("%s is rate limited: waiting %s s", _method(request), after)
        state.next_attempt_requested = not self._closing.wait(float(after) if after.isdecimal() else 1.0)
        state.increment_current_attempt()


def clients(token: str, base_url: str) -> Clients:
    line = Line()
    quick = Client(
        line, token=token, base_url=base_url, timeout=QUICK_S, retry_handlers=[Obedience(line.closing, 0)]
    )
    patient = Client(
        line,
        token=token,
        base_url=base_url,
        timeout=PATIENT_S,
        retry_handlers=[ConnectionErrorRetryHandler(), Obedience(line.closing, 3)],
    )
    for client in (quick, patient):
        without_proxy_where_told(client)
    return Clients(quick, patient)


def like(client: WebClient) -> Clients:
    """The pair for a client that somebody else made."""
    pair = clients(client.token or "", client.base_url)
    for each in pair:
        each.ssl, each.proxy, each.headers = client.ssl, client.proxy, client.headers
        without_proxy_where_told(each)
    return pair


def without_proxy_where_told(client: WebClient | WebhookClient) -> None:
    """slack-sdk takes HTTPS_PROXY for everything: here NO_PROXY counts too, and this machine is never behind one."""
    url = client.base_url if isinstance(client, WebClient) else client.url
    host = urlsplit(url).hostname or ""
    if host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
        client.proxy = None


def direct_channel(client: WebClient, person: str) -> str:
    """The channel of our direct conversation with somebody. Raises what Slack's refusal raises."""
    return str(client.conversations_open(users=person)["channel"]["id"])


def respond(response_url: str, text: str, blocks: list[Json] | None = None, *, replace: bool = False) -> bool:
    """Posts to a response_url, for one person's eyes; False if Slack refused it. Can sit a rate limit out."""
    webhook = WebhookClient(
        response_url,
        timeout=PATIENT_S,
        retry_handlers=[ConnectionErrorRetryHandler(), Obedience(threading.Event(), 3)],
    )
    without_proxy_where_told(webhook)
    answer = webhook.send(text=text, blocks=blocks, response_type="ephemeral", replace_original=replace)
    return answer.status_code == 200


def _method(request: HttpRequest) -> str:
    """The Web API method of a request, or what else it is: never an address, which may hold a secret."""
    path = urlsplit(request.url).path
    return path.rpartition("/")[2] if "/api/" in path else "response_url"
