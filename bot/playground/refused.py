"""What Slack answers with `ok: false`."""


class Refused(Exception):
    """Slack's error code, and where Slack says more, the details."""

    def __init__(self, code: str, *details: str) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
