"""How Slack's Web API is called: quickly where somebody waits for an acknowledgement, patiently everywhere else."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.http_retry import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

Json = dict[str, Any]
QUICK_S = 3
PATIENT_S = 20


class Clients(NamedTuple):
    quick: WebClient
    """Fails rather than waits: for opening modals, which must happen within three seconds."""
    patient: WebClient
    """Sits a rate limit out: only for threads of our own."""


def clients(token: str, base_url: str) -> Clients:
    quick = WebClient(token=token, base_url=base_url, timeout=QUICK_S, retry_handlers=[])
    patient = WebClient(
        token=token,
        base_url=base_url,
        timeout=PATIENT_S,
        retry_handlers=[ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler(max_retry_count=3)],
    )
    for client in (quick, patient):
        without_proxy_here(client)
    return Clients(quick, patient)


def like(client: WebClient) -> Clients:
    """The pair for a client that somebody else made."""
    pair = clients(client.token or "", client.base_url)
    for each in pair:
        each.ssl, each.proxy, each.headers = client.ssl, client.proxy, client.headers
        without_proxy_here(each)
    return pair


def without_proxy_here(client: WebClient | WebhookClient) -> None:
    """slack-sdk sends even what is meant for this machine through HTTPS_PROXY; the playground isn't behind one."""
    url = client.base_url if isinstance(client, WebClient) else client.url
    if urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1"):
        client.proxy = None


def respond(response_url: str, text: str, blocks: list[Json] | None = None, *, replace: bool = False) -> bool:
    """Posts to a response_url, for one person's eyes; False if Slack refused it. Can sit a rate limit out."""
    webhook = WebhookClient(
        response_url,
        timeout=PATIENT_S,
        retry_handlers=[ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler(max_retry_count=3)],
    )
    without_proxy_here(webhook)
    answer = webhook.send(text=text, blocks=blocks, response_type="ephemeral", replace_original=replace)
    return answer.status_code == 200
