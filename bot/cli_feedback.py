"""`lorebot feedback`: what people said about answers, in and out as JSON lines, and the corrections that wait for a reviewer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.settings import load_settings

app = typer.Typer(help="Feedback: import, export, review.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command(epilog="Example: lorebot feedback export feedback.jsonl")
def export(file: Path, as_json: Json = False) -> None:
    """Write every piece of feedback with its question, answer and the passages offered: one JSON object a line."""
    from bot import app as root
    from bot.exchange import export_feedback

    with root.opened(load_settings()) as store:
        n = export_feedback(store, file)
    typer.echo(
        json.dumps({"file": str(file), "feedback": n})
        if as_json
        else f"{n} pieces of feedback written to {file}"
    )


@app.command("import", epilog="Example: lorebot feedback import feedback.jsonl")
def import_(file: Path, as_json: Json = False) -> None:
    """Read feedback that `export` wrote; what is known already is left as it is. All lines or none."""
    from bot import app as root
    from bot.exchange import import_feedback

    with root.opened(load_settings()) as store:
        n = import_feedback(store, file)
    typer.echo(
        json.dumps({"file": str(file), "feedback": n})
        if as_json
        else f"{n} pieces of feedback read from {file}"
    )


@app.command(epilog="Example: lorebot feedback review")
def review(as_json: Json = False) -> None:
    """Corrections taught in one channel, waiting for somebody to give them to the whole workspace: one question each."""
    from bot import app as root
    from bot.knowledge import memory
    from bot.records import WORKSPACE
    from bot.store import documents

    with root.opened(load_settings()) as store:
        waiting = [each for each in documents.taught_everywhere(store) if each.scope != WORKSPACE]
        if as_json:
            rows = [
                {"id": p.id, "scope": p.scope, "question": p.question, "answer": p.text[p.answer_start :]}
                for p in waiting
            ]
            typer.echo(json.dumps({"waiting": rows}))
            return
        for lesson in waiting:
            typer.echo(f"\nIn {lesson.scope}: {lesson.question}\n  -> {lesson.text[lesson.answer_start :]}")
            choice = (
                typer.prompt("[a]ccept for the workspace, [r]eject and forget, [s]kip, [q]uit", default="s")
                .strip()
                .lower()[:1]
            )
            if choice == "q":
                break
            if choice == "a":
                memory.widen(store, lesson)
            elif choice == "r":
                memory.unteach(store, lesson.id or 0)
        typer.echo("Nothing waits." if not waiting else "Done.")
