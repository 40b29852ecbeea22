"""The training commands: `python -m training cycle | finetune BUILD OUT | seed | simulate`.

A composition root: each command wires and hands over. What a command needs is imported when it runs.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.errors import LorebotError

commands = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Turn feedback, or labelled questions, into adapters."
)


@commands.command(epilog="Example: python -m training finetune work/build-7 adapters/candidate-7")
def finetune(
    build: Annotated[
        Path, typer.Argument(help="A build folder (build.json, examples.jsonl, calibration.jsonl).")
    ],
    out: Annotated[Path, typer.Argument(help="The adapter folder to make; must not exist.")],
) -> None:
    """Turn a build folder into an adapter folder. Stopped, it goes on where it was."""
    from training.finetune import finetune as run
    from training.progress import shown_progress

    with shown_progress("finetune") as tell:
        run(build, out, tell)
    typer.echo(str(out))


@commands.command(
    epilog="Example: python -m training seed --data ../shared/data --without wikipedia-unanswerable"
)
def seed(
    data: Annotated[Path, typer.Option(help="The folder whose qa/ holds the labelled questions.")],
    out: Annotated[Path, typer.Option(help="The adapter folder to make; must not exist.")] = Path(
        "adapters/reader-minilm-l6-seed"
    ),
    without: Annotated[list[str] | None, typer.Option(help="A source to leave out; can be repeated.")] = None,
    limit: Annotated[
        int | None, typer.Option(help="At most that many questions of each source (a trial).")
    ] = None,
    work: Annotated[Path, typer.Option(help="Where builds and checkpoints lie meanwhile.")] = Path("work"),
) -> None:
    """Make the shipped adapter from the frozen base and labelled questions. Stopped, it goes on where it
    was."""
    from training.progress import shown_progress
    from training.seed import seed as run

    with shown_progress("seed") as tell:
        run(data, out, without=tuple(without or ()), limit=limit, work=work, progress=tell)
    typer.echo(str(out))


@commands.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def cycle(context: typer.Context) -> None:
    """Run one retraining cycle: feedback to candidate to verdict."""
    importlib.import_module("training.cycle").command(context.args)


@commands.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulate(context: typer.Context) -> None:
    """Replay labelled questions as users' feedback through real cycles."""
    importlib.import_module("training.simulate").command(context.args)


def main() -> None:
    """Runs a command; a mistake that a person can mend is one line on stderr and exit code 1."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing here asks a model hub
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        commands()
    except LorebotError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
