"""The training step by a command of the user's (LOREBOT_TRAIN_COMMAND): on a GPU machine, or under `accelerate launch`.

    accelerate launch -m training finetune {build} {out}
    ./on-the-gpu-machine.sh {build} {out}

The build folder goes in with all that the training needs but the base; an adapter folder has to come out, and counts
only when it is what the build asked for. No shell is involved. The command runs in a process group of its own (so that
all of it can be ended) but in this session, for Linux shares out a processor among sessions: in this one, the command
stands back behind answering as the cycle does.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bot.errors import TrainingError
from bot.reading.card import CONFIG, read_card
from bot.registry import read_adapter
from training.build import Build, carry_seed, read_build
from training.finetune import Progress

LOOK_S = 0.5
GRACE_S = 20.0
"""A command that was told to end may take so long for a last checkpoint; then it is killed."""
GROUP = "command"
"""Beside the build: the command's process group, in a file that is locked as long as any of its processes lives."""

_SHARE = re.compile(r"(\d{1,3})(?:\.\d+)?\s?%")
_OUR_OWN = re.compile(r"finetune:\s+\d+% (.+?)(?:, about \S+ min left)?")


def train_elsewhere(
    command: str, build: Path, out: Path, progress: Progress | None = None, *, threads: int | None = None
) -> Path:
    """Runs the command on a build and returns the adapter folder it made, checked.

    What it prints goes to this process's stderr, its last line with the share done (as `34%`) to `progress`. Raises
    TrainingError where it can't be started, fails, or brings back something else than the build's adapter;
    AdapterError where that is damaged. Whatever `progress` raises ends the command first.
    """
    tell = progress or (lambda share, text: None)
    content = read_build(build)
    carry_seed(build)
    build, out = build.absolute(), out.absolute()
    arguments = [
        part.replace("{build}", str(build)).replace("{out}", str(out)) for part in shlex.split(command)
    ]
    tell(0.0, f"starting {arguments[0]}")
    with _started(arguments, build.parent, threads) as process:
        output = _Output(process)
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_S)
                tell(output.share, output.last or "the training command runs")
        except BaseException:
            end_group(process.pid, process)
            raise
        output.join()
    if process.returncode:
        raise TrainingError(
            f"The training command ended with {_how(process.returncode)}"
            f"{f' ({output.last})' if output.last else ''}; expected 0: the run's log has all it said."
        )
    check_came_back(out, content)
    tell(1.0, "the adapter came back")
    return out


def check_came_back(out: Path, build: Build) -> None:
    """Raises where `out` isn't the whole and unchanged adapter that `build` asked for."""
    if not out.is_dir():
        raise TrainingError(
            f"The training command ended well but made no folder {out}; expected the adapter there: have it put at {{out}}."
        )
    found = read_adapter(out)
    if not (out / CONFIG).is_file():
        raise TrainingError(
            f"The training command brought no {CONFIG}; expected it with the weights: copy the whole folder back."
        )
    parent = read_card(build.seed_adapter)["id"] if build.seed_adapter else None
    expected = {**build.notes, "base_sha256": build.base_sha256, "parent": parent}
    for name, value in expected.items():
        if found.card.get(name) != value:
            raise TrainingError(
                f"The training command brought an adapter with {name} {_short(found.card.get(name))}; expected "
                f"{_short(value)}, as the build says: have it train the build it was given."
            )


def end_group(group: int, leader: subprocess.Popen[bytes] | None = None) -> None:
    """Ends every process of a group: asked first, killed after GRACE_S."""
    for number, patience in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 5.0)):
        until = time.monotonic() + patience
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            while time.monotonic() < until:
                if leader is not None:
                    leader.poll()  # a child that has ended stays in its group until somebody asks
                os.killpg(group, 0)
                time.sleep(0.05)


def end_orphans(folder: Path) -> None:
    """Ends the command of a run whose own process was killed, if it still works in that run's `folder`."""
    with contextlib.suppress(FileNotFoundError), (folder / GROUP).open("r+") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if (group := mark.read().strip()).isdigit():
                end_group(int(group))


@contextlib.contextmanager
def _started(arguments: list[str], folder: Path, threads: int | None) -> Iterator[subprocess.Popen[bytes]]:
    environment = dict(os.environ)
    if threads is not None:
        environment.setdefault("OMP_NUM_THREADS", str(threads))
    with (folder / GROUP).open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        try:
            process = subprocess.Popen(
                arguments,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[mark.fileno()],
                process_group=0,
            )
        except OSError as error:
            raise TrainingError(
                f"LOREBOT_TRAIN_COMMAND starts {arguments[0]!r}, which can't be run ({error.strerror}); expected a program "
                "of this machine: correct the setting, or install it."
            ) from None
        mark.write(str(process.pid))
        mark.flush()
        yield process


class _Output:
    """What a command prints: passed on to stderr, with the last line and the share done kept."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.last, self.share = "", 0.0
        assert process.stdout is not None
        self._thread = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(timeout=5)  # something the command left behind may hold its end of the pipe

    def _read(self, stream: IO[bytes]) -> None:
        begun = ""
        with stream:
            while chunk := os.read(stream.fileno(), 65536):
                text = chunk.decode("utf-8", errors="replace")
                sys.stderr.write(text)
                sys.stderr.flush()
                *lines, begun = re.split(r"[\r\n]+", begun + text)  # a progress bar only returns
                for line in lines:
                    self._note(line)
            self._note(begun)

    def _note(self, line: str) -> None:
        line = " ".join(line.split())
        if not line:
            return
        own = _OUR_OWN.fullmatch(line)
        self.last = (own[1] if own else line)[:200]
        if (share := _SHARE.search(line)) and int(share[1]) <= 100:
            self.share = int(share[1]) / 100


def _how(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"signal {signal.Signals(-code).name}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
