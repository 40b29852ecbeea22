"""The training commands: `python -m training cycle | finetune BUILD OUT | seed | simulate`.

A composition root: each command wires and hands over. What a command needs is imported when it runs.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import redirect_stdout  # the Trainer prints; stdout is for data
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from bot.errors import LorebotError

commands = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Turn feedback, or labelled questions, into adapters."
)

ReplayShare = Annotated[
    float, typer.Option(min=0, max=0.95, help="Share of replay among all examples, at most.")
]


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
    base: Annotated[
        str, typer.Option(help="The base: its name in the catalogue, its hub id, or its folder.")
    ] = "all-MiniLM-L6-v2",
    out: Annotated[
        Path | None, typer.Option(help="The adapter folder to make, if not the recipe's own; must not exist.")
    ] = None,
    after: Annotated[
        Path | None, typer.Option(help="An adapter that one of the recipe's stages made, to go on from.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="A source to leave out; can be repeated.")] = None,
    limit: Annotated[
        int | None, typer.Option(help="At most that many questions of each source (a trial).")
    ] = None,
    quantize: Annotated[
        Literal["", "8bit", "4bit"], typer.Option(help="Hold a base too big for the machine in fewer bits.")
    ] = "",
    work: Annotated[Path, typer.Option(help="Where builds and checkpoints lie meanwhile.")] = Path("work"),
) -> None:
    """Make the shipped adapter from the frozen base and labelled questions. Stopped, it goes on where it
    was."""
    from training.progress import shown_progress
    from training.seed import seed as run

    with shown_progress("seed") as tell:
        made = run(
            data,
            out,
            base_name=base,
            after=after,
            without=tuple(without or ()),
            limit=limit,
            quantize=quantize,
            work=work,
            progress=tell,
        )
    typer.echo(str(made))


@commands.command(epilog="Example: python -m training cycle --by cli --json")
def cycle(
    by: Annotated[str, typer.Option(help="Who asked for it: a person's id, 'schedule' or 'cli'.")] = "cli",
    channel: Annotated[str | None, typer.Option(help="Slack channel where the report is awaited.")] = None,
    ts: Annotated[str | None, typer.Option(help="The message there that shows the progress.")] = None,
    home: Annotated[Path | None, typer.Option(help="State folder, instead of LOREBOT_HOME.")] = None,
    replay_share: ReplayShare = 0.5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run one retraining: feedback to examples to candidate to verdict; promote it if it is proven better."""
    from rich.console import Console

    from bot.settings import load_settings
    from bot.store import open_store
    from training.cycle import run_cycle
    from training.loop import open_loop, options_of
    from training.progress import shown_progress
    from training.pulse import stand_back, stopped_by_signals
    from training.verdict import verdict_table

    settings = load_settings(**({"home": home} if home else {}))
    stand_back(settings.threads)
    loop = open_loop(settings, open_store(settings.database))
    with redirect_stdout(sys.stderr), stopped_by_signals(), shown_progress("cycle") as tell:
        finished = run_cycle(
            loop,
            by=by,
            channel=channel,
            ts=ts,
            options=replace(options_of(settings), replay_share=replay_share),
            show=tell,
        )
    if as_json:
        typer.echo(json.dumps(finished.as_data()))
        return
    console = Console()
    console.print(verdict_table(finished.verdict))
    for reason in finished.verdict.reasons:
        console.print(f"- {reason}", markup=False, highlight=False, soft_wrap=True)
    if finished.report:
        console.print(f"The run's page: {finished.report}", markup=False, highlight=False, soft_wrap=True)


@commands.command(
    epilog="Example: python -m training simulate stream.jsonl test.jsonl --feedback 512 --corrections 0.3 --json"
)
def simulate(
    stream: Annotated[
        Path, typer.Argument(help="Labelled questions that users will ask (as for `evaluate`).")
    ],
    test: Annotated[Path, typer.Argument(help="Labelled questions to measure on.")],
    feedback: Annotated[int, typer.Option(min=1, help="Questions asked, in all rounds.")] = 200,
    rounds: Annotated[
        int, typer.Option(min=1, help="Retrainings, each after its share of the feedback.")
    ] = 1,
    flip: Annotated[float, typer.Option(min=0, max=1, help="Share of votes that say the opposite.")] = 0.0,
    corrections: Annotated[
        float, typer.Option(min=0, max=1, help="Share of honest downs that come with the right answer.")
    ] = 0.3,
    seed: Annotated[int, typer.Option(help="Draws the questions and people's whims.")] = 1,
    people: Annotated[int, typer.Option(min=1, help="How many people ask.")] = 40,
    careless: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of people who often vote the opposite of what they think."),
    ] = 0.0,
    silent: Annotated[
        float, typer.Option(min=0, max=1, help="Share of people who ask and never vote.")
    ] = 0.0,
    malicious: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of people who always vote up, or down, or correct wrongly."),
    ] = 0.0,
    overlap: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of answers judged by a second person, half of them by a third."
        ),
    ] = 0.0,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Leave out trust, replay, or a kind of example (up, down, ...); can be repeated."),
    ] = None,
    replay_share: ReplayShare = 0.5,
    also: Annotated[
        list[Path] | None, typer.Option(help="A further question file to measure on; can be repeated.")
    ] = None,
    supervised: Annotated[
        bool, typer.Option("--supervised/--no-supervised", help="Train with the labels too, for comparison.")
    ] = True,
    reuse: Annotated[
        Path | None,
        typer.Option(
            help="A folder to keep the seed's and the supervised figures in, for the next simulation."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at a question file with any bad row.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay labelled questions as people's feedback through real retrainings, and measure what they bring."""
    from bot.settings import load_settings
    from training.crowd import Crowd
    from training.loop import options_of
    from training.progress import shown_progress
    from training.pulse import stand_back, stopped_by_signals
    from training.simulate import printed, run_simulation
    from training.simulate import without as left_out

    settings = load_settings()
    stand_back(settings.threads)
    crowd = Crowd(feedback, rounds, flip, corrections, seed, people, careless, silent, malicious, overlap)
    with redirect_stdout(sys.stderr), stopped_by_signals(), shown_progress("simulate") as tell:
        found = run_simulation(
            settings,
            stream,
            test,
            crowd,
            tell,
            left_out(replace(options_of(settings), replay_share=replay_share), without or ()),
            also={path.name.split(".")[0]: path for path in also or ()},
            supervised=supervised,
            reuse=reuse,
            strict=strict,
        )
    typer.echo(json.dumps(found) if as_json else printed(found))


def main() -> None:
    """Runs a command; a mistake that a person can mend is one line on stderr and exit code 1."""
    if sys.argv[1:2] != ["seed"]:  # only a seed may need a base that was never here
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        commands()
    except LorebotError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
