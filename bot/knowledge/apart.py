"""Converts what somebody sent in a process of its own: a file made to hang or swell takes down nothing but that.

python -m bot.knowledge.apart NAME MEGABYTES < file     prints the text as JSON, or the reason why there is none

The process gets none of our environment, so no token either, and ends by itself when it needs too much.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bot.errors import DocumentError
from bot.knowledge.convert import TEXT, Converted, to_text

SECONDS = 120
MEMORY = 4 << 30  # bytes of address space, libraries included
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "HOME", "USERPROFILE", "VIRTUAL_ENV")


def to_text_apart(name: str, data: bytes, *, max_file_mb: float, seconds: float = SECONDS) -> Converted:
    """As `convert.to_text`. Raises DocumentError also where the file took too long or too much memory."""
    if Path(name).suffix.lower() in TEXT:
        return to_text(Path(name), data, max_file_mb=max_file_mb)
    env = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bot.knowledge.apart", name, str(max_file_mb)],
            input=data,
            capture_output=True,
            timeout=seconds,
            cwd=Path(__file__).parents[2],
            env={**env, "OMP_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise DocumentError(
            f"reading it took more than {seconds:g} seconds; expected less: split it or save it as text"
        ) from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise DocumentError(
            "reading it failed; expected an undamaged file: save it again or as text"
        ) from None
    if "error" in answer:
        raise DocumentError(str(answer["error"]))
    return Converted(**answer)


def main() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    name, megabytes = sys.argv[1], float(sys.argv[2])
    try:
        answer: dict[str, str] = asdict(to_text(Path(name), sys.stdin.buffer.read(), max_file_mb=megabytes))
    except DocumentError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
