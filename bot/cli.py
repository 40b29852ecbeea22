"""The `lorebot` command: every command wires, prints and exits; what it does lives on the floors below.

    lorebot playground                      try everything, without a Slack account
    lorebot learn handbook/ --prune         documents into passages
    lorebot ask "How much leave do I get?"  one answer on the terminal

Data goes to stdout (with --json: one JSON object), logs and progress to stderr. Exit 0: done; 2: misuse; 1: failed, with
one line that says what was found, what was expected and what to do.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot import cli_adapters, cli_feedback, sight
from bot.errors import LorebotError, SettingsError
from bot.records import WORKSPACE, Question
from bot.settings import load_settings

app = typer.Typer(
    name="lorebot",
    help="A self-hosted Slack assistant that answers from your team's documents and learns from your feedback.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(cli_adapters.app, name="adapters")
app.add_typer(cli_feedback.app, name="feedback")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
err = Console(stderr=True)


def main() -> None:
    """Runs a command; a person's mistake ends in one line, not in a traceback."""
    try:
        app()
    except LorebotError as error:
        err.print(f"lorebot: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `lorebot ... | head`
        sys.stderr.close()
        sys.exit(0)


@app.command(epilog="Example: lorebot playground --port 8321")
def playground(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.")] = 8321,
    fresh: Annotated[bool, typer.Option(help="Forget what earlier playgrounds learned.")] = False,
) -> None:
    """Start a local workspace in the browser: the main job without a Slack account."""
    from bot.serving import run_playground

    run_playground(load_settings(), port=port, fresh=fresh)


@app.command(epilog="Example: lorebot run --http 3000")
def run(
    http: Annotated[
        int | None,
        typer.Option("--http", metavar="PORT", help="Listen for Slack's requests here, not Socket Mode."),
    ] = None,
    metrics: Annotated[
        int | None,
        typer.Option(
            "--metrics", metavar="PORT", help="/metrics and /healthz here, as LOREBOT_METRICS_PORT."
        ),
    ] = None,
) -> None:
    """Connect to Slack and serve until stopped (Ctrl-C or SIGTERM finishes what was begun)."""
    from bot.serving import run_slack

    run_slack(load_settings(**({} if metrics is None else {"metrics_port": metrics})), http_port=http)


@app.command(epilog="Example: lorebot learn handbook/ --prune --link-base https://wiki.example/handbook/")
def learn(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Files and folders: Markdown, text, HTML, PDF, DOCX, PPTX, XLSX, CSV; Slack exports (.zip)."
        ),
    ],
    scope: Annotated[
        str, typer.Option(help="'workspace', or the id of the one channel that may see it.")
    ] = WORKSPACE,
    prune: Annotated[
        bool, typer.Option("--prune", help="Drop what was learned from files that are gone.")
    ] = False,
    link_base: Annotated[str | None, typer.Option(help="URL under which these files can be opened.")] = None,
    as_json: Json = False,
) -> None:
    """Learn documents: cut into passages, indexed by words and by meaning.

    Of a Slack export, a ZIP or the folder it was unpacked into, questions with their accepted answers and pinned messages are
    learned: public channels for everybody (or --scope), private ones for themselves, direct messages never. With --link-base
    https://YOURS.slack.com the answers link to the messages.
    """
    from bot import app as root
    from bot import cli_learn

    settings = load_settings()
    with root.knowledge(settings) as (store, encoder), root.learning_progress() as progress:
        learned = cli_learn.learn_all(
            store,
            encoder,
            paths,
            settings,
            scope=scope,
            prune=prune,
            link_base=link_base,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(cli_learn.as_data(learned)))
    for line in () if as_json else cli_learn.remarks(learned):
        err.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if cli_learn.nothing_learned(learned):
        raise typer.Exit(1)
    for line in () if as_json else cli_learn.summary(learned):
        typer.echo(line)


@app.command(epilog='Example: lorebot ask "How many days of leave do I get?" --explain')
def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    context: Annotated[
        str | None,
        typer.Option(help="Read just this file's text ('-': standard input), not what was learned."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the candidates and their scores.")] = False,
    as_json: Json = False,
) -> None:
    """Answer one question on the terminal, with the sentence it stands in, or say that it isn't known."""
    import getpass
    import uuid

    from bot import app as root
    from bot import cli_ask

    if not question.strip():
        raise SettingsError(
            'found an empty question, expected words: lorebot ask "How many days of leave do I get?"'
        )
    asked = Question(
        source="cli",
        key=uuid.uuid4().hex,
        text=question.strip(),
        person=f"cli:{getpass.getuser()}",
        scopes=() if context is not None else sight.ON_THE_MACHINE,
        context=None if context is None else _text_of(context),
    )
    with root.answering(load_settings()) as service:
        answer = service.answerer.answer(asked)
        threshold = service.answerer.threshold()
        explanation = cli_ask.explained(service.answerer, asked, answer) if explain else None
    if as_json:
        data = cli_ask.as_data(answer, threshold.value)
        typer.echo(json.dumps(data if explanation is None else {**data, "explanation": explanation}))
        return
    out = Console(soft_wrap=True, highlight=False)
    cli_ask.print_answer(answer, out)
    if explanation is not None:
        cli_ask.print_explanation(explanation, out)


@app.command(epilog="Example: lorebot evaluate questions.jsonl --adapter reader-minilm-l6-seed --json")
def evaluate(
    file: Annotated[
        Path,
        typer.Argument(
            help="SQuAD JSON, JSONL, CSV or TSV (also .gz), or Parquet; rows: question, context, answers."
        ),
    ],
    adapter: Annotated[
        str | None, typer.Option(help="Id of an adapter, or its folder; else the one in service.")
    ] = None,
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="Instead of the adapter's own.")
    ] = None,
    strict: cli_adapters.Strict = False,
    as_json: Json = False,
) -> None:
    """Score an adapter on labelled questions: SQuAD's measures, silence, calibration, time.

    Rows that can't be used are left out and told; with --json, `left_out` and `mended` count them by kind.
    """
    from bot import app as root
    from bot.reading.item_files import read_item_file

    found = read_item_file(file, strict=strict)
    for line in found.lines:
        typer.echo(line, err=True)
    scores = root.evaluate(load_settings(), found.items, adapter=adapter, min_confidence=min_confidence)
    if as_json:
        typer.echo(json.dumps({**scores, "left_out": found.left_out, "mended": found.mended}))
        return
    latency = scores.pop("latency_ms")
    for name, value in scores.items():
        typer.echo(f"{name:24} {value:.1f}" if isinstance(value, float) else f"{name:24} {value}")
    typer.echo(f"{'latency_ms':24} p50 {latency['p50']:.1f}, p95 {latency['p95']:.1f}")


@app.command(epilog="Example: lorebot retrain --json")
def retrain(
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Stop the one that is running, whoever started it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run one training cycle now: feedback to examples, a candidate, a verdict, and promotion if it is proven better."""
    from bot import app as root
    from bot import retraining

    settings = load_settings()
    if not cancel:
        raise typer.Exit(retraining.run_here(settings, by="cli", arguments=["--json"] if as_json else []))
    with root.opened(settings) as store:
        run = retraining.cancel(store, by="cli")
    told = f"run {run.id} stops within seconds; the champion goes on serving, and what was trained is kept"
    typer.echo(json.dumps({"run": run.id, "cancelled_by": run.cancel}) if as_json else told)


@app.command(epilog="Example: lorebot forget U024BE7LH")
def forget(
    person: Annotated[str, typer.Argument(metavar="USER", help="The person's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a person's questions, feedback and taught answers, and retire and rebuild the adapters that learned from them.

    Pages and logs of runs since their first question go too: they may quote it. Until the retraining without them is
    through, the newest adapter that didn't learn from them serves, at last the seed.
    """
    from bot import app as root

    if not yes and not as_json:
        typer.confirm(f"Remove everything that {person} asked, said and taught?", abort=True)
    forgotten = root.forget(load_settings(), person)
    if as_json:
        typer.echo(json.dumps(forgotten))
        return
    typer.echo(
        f"{forgotten['questions']} questions, {forgotten['feedback']} pieces of feedback, {forgotten['taught']} taught "
        f"answers and {forgotten['learned']} documents learned from their messages and files removed; "
        f"{forgotten['reports']} report pages removed; {forgotten['adapters']} adapters retired, {forgotten['champion']} serves"
    )
    if forgotten["rebuild"]:
        typer.echo(
            "A retraining without them is due: the service starts it by itself, outside quiet hours, "
            "or start it now with `lorebot retrain`."
        )
    if not forgotten["scrubbed"]:
        err.print(
            "The state file was in use, so deleted words may lie in its free pages: do this again when it is quieter.",
            style="yellow",
        )


@app.command(epilog="Example: lorebot doctor --json")
def doctor(as_json: Json = False) -> None:
    """Say what is configured, reachable and missing, and how to mend it."""
    from bot.doctor import examine

    checks = examine()
    if as_json:
        typer.echo(
            json.dumps({"ok": all(each.ok for each in checks), "checks": [asdict(each) for each in checks]})
        )
    else:
        for each in checks:
            mark = "ok     " if each.ok else ("needed " if each.needed else "optional")
            typer.echo(
                f"{mark:9}{each.name}: {each.found}" + (f"\n         -> {each.remedy}" if each.remedy else "")
            )
    if not all(each.ok or not each.needed for each in checks):
        raise typer.Exit(1)


def _text_of(path: str) -> str:
    if path == "-":
        text = sys.stdin.read()
    else:
        from bot.knowledge.convert import convert

        text = convert(Path(path), max_file_mb=load_settings().max_file_mb).text
    if not text.strip():
        raise SettingsError(
            f"found no text in {'standard input' if path == '-' else path}, expected something to read"
        )
    return text
