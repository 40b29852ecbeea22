"""Where the playground keeps uploaded files while it runs."""

from dataclasses import replace

from bot.playground.records import Upload
from bot.playground.workspace import Refused

KEPT = 50


class Shelf:
    """Uploads by id, oldest first; the oldest go when there are more than `KEPT`."""

    def __init__(self) -> None:
        self._known: dict[str, Upload] = {}

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

    def finished(self, id: str) -> Upload | None:
        found = self._known.get(id)
        return found if found is not None and found.shown else None
