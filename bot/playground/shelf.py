"""Where the playground keeps files while it runs, and where each of them was shared."""

import secrets
from dataclasses import replace

from bot.playground.files import Upload
from bot.playground.refused import Refused

KEPT = 200


def fresh_id() -> str:
    return "F" + secrets.token_hex(5).upper()


class Shelf:
    """Files by id, oldest first; the oldest go when there are more than `KEPT`."""

    def __init__(self) -> None:
        self._known: dict[str, Upload] = {}
        self._shares: dict[str, list[tuple[str, str]]] = {}
        self.canvases: dict[str, str] = {}  # channel -> file

    def expect(self, upload: Upload) -> None:
        self._known[upload.id] = upload
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def fill(self, id: str, content: bytes) -> None:
        awaited = self._known.get(id)
        if awaited is None or awaited.content or len(content) != awaited.length:
            raise Refused("invalid_upload")
        self._known[id] = replace(awaited, content=content)

    def finish(self, id: str, title: str) -> Upload:
        """The upload, which may be shown from now on."""
        found = self._known.get(id)
        if found is None or not found.content or found.shown:
            raise Refused("file_not_found")
        self._known[id] = replace(found, title=title or found.name, shown=True)
        return self._known[id]

    def put(self, upload: Upload) -> Upload:
        """A file that is complete, or another state of one."""
        self._known[upload.id] = replace(upload, length=len(upload.content), shown=True)
        return self._known[upload.id]

    def share(self, id: str, channel: str, ts: str) -> None:
        self._shares.setdefault(id, []).append((channel, ts))

    def shares(self, id: str) -> list[tuple[str, str]]:
        """The channels that the file was shared in, with the messages it hangs on."""
        return list(self._shares.get(id, ()))

    def remove(self, id: str) -> Upload:
        """The stone that is left of the file."""
        gone = replace(self.get(id), gone=True, content=b"")
        del self._known[id]
        self.canvases = {channel: file for channel, file in self.canvases.items() if file != id}
        return gone

    def all(self) -> list[Upload]:
        """Every file that may be shown, the newest first."""
        return [each for each in reversed(self._known.values()) if each.shown]

    def get(self, id: str) -> Upload:
        found = self._known.get(id)
        if found is None or not found.shown:
            raise Refused("file_not_found")
        return found
