"""`lorebot adapters`: the versions, the one in service, and moving between them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import AdapterError
from bot.records import Adapter
from bot.settings import load_settings

app = typer.Typer(
    help="Adapter versions: list, show, diff, promote, roll back, verify, export, import.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at a question file with any bad row.")]


@app.command("list", epilog="Example: lorebot adapters list")
def list_(as_json: Json = False) -> None:
    """Every version, oldest first; the champion is marked with *, one on live trial with ?."""
    from bot import app as root

    with root.registry(load_settings()) as registry:
        champion = registry.champion().id
        challenger = registry.challenger()
        on_trial = challenger.id if challenger else None
        rows = [_row(each, champion) for each in registry.adapters()]
    if as_json:
        typer.echo(json.dumps({"champion": champion, "on_trial": on_trial, "adapters": rows}))
        return
    for row in rows:
        made = datetime.fromtimestamp(row["created_at"]).strftime("%Y-%m-%d %H:%M")
        mark = "*" if row["champion"] else "?" if row["id"] == on_trial else " "
        typer.echo(f"{mark} {row['id']:32} {made}  parent {row['parent'] or '-'}")


@app.command(epilog="Example: lorebot adapters show reader-minilm-l6-seed")
def show(adapter: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """A version's card: what it was made from and what it can do."""
    from bot import app as root

    with root.registry(load_settings()) as registry:
        found = registry.show(adapter)
    typer.echo(
        json.dumps(
            {"id": found.id, "folder": found.folder, "card": found.card}, indent=None if as_json else 2
        )
    )


@app.command(epilog="Example: lorebot adapters promote a-20261121-0630-1f3c")
def promote(
    adapter: Annotated[str, typer.Argument(metavar="ID")],
    why: Annotated[str, typer.Option(help="Kept in the promotion log.")] = "promoted by hand",
    as_json: Json = False,
) -> None:
    """Put a version into service; a running bot follows within a second or two."""
    from bot import app as root

    with root.registry(load_settings()) as registry:
        promotion = registry.promote(adapter, by="cli", why=why)
    typer.echo(json.dumps({"champion": promotion.adapter}) if as_json else f"{promotion.adapter} serves now")


@app.command(epilog="Example: lorebot adapters rollback")
def rollback(
    why: Annotated[str, typer.Option(help="Kept in the promotion log.")] = "rolled back by hand",
    as_json: Json = False,
) -> None:
    """Put the version before the champion back into service."""
    from bot import app as root

    with root.registry(load_settings()) as registry:
        promotion = registry.rollback(by="cli", why=why)
    typer.echo(
        json.dumps({"champion": promotion.adapter}) if as_json else f"{promotion.adapter} serves again"
    )


@app.command(epilog="Example: lorebot adapters challenge a-20261121-0630-1f3c --share 0.1")
def challenge(
    adapter: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    share: Annotated[
        float | None, typer.Option(help="Share of the threads it answers, at most 0.5; else LOREBOT_CANARY.")
    ] = None,
    why: Annotated[str, typer.Option(help="Kept with the trial.")] = "put on trial by hand",
    end: Annotated[bool, typer.Option("--end", help="End the trial that is open.")] = False,
    as_json: Json = False,
) -> None:
    """Put a version on live trial: it answers a share of the threads, and people's votes decide; or end the trial."""
    from bot import app as root

    if end == (adapter is not None):
        raise typer.BadParameter("expected either an adapter's ID to put on trial, or --end")
    settings = load_settings()
    if not end and share is None and settings.canary == 0:
        raise AdapterError(
            "Found no share of the threads for a trial; expected --share 0.1 or so, or LOREBOT_CANARY: give one."
        )
    with root.registry(settings) as registry:
        if adapter is not None:
            trial = registry.challenge(adapter, by="cli", why=why, share=share)
        elif (ended := registry.end_challenge("ended", "ended by hand")) is not None:
            trial = ended
        else:
            raise AdapterError(
                "Found no trial to end; expected an open one: `lorebot adapters list` marks it with ?."
            )
    if as_json:
        typer.echo(json.dumps({"on_trial": adapter, "champion": trial.champion}))
    else:
        typer.echo(f"{trial.adapter} is {'off' if end else 'on'} trial; {trial.champion} is the champion")


@app.command(epilog="Example: lorebot adapters verify")
def verify(as_json: Json = False) -> None:
    """Check every version's files against the hashes on its card."""
    from bot import app as root

    with root.registry(load_settings()) as registry:
        problems = registry.verify()
        checked = [each.id for each in registry.adapters()]
    if as_json:
        typer.echo(json.dumps({"ok": not problems, "checked": checked, "problems": problems}))
    else:
        for each in checked:
            typer.echo(f"{each}: {problems.get(each, 'ok')}")
    if problems:
        raise typer.Exit(1)


@app.command(epilog="Example: lorebot adapters export a-20261121-0630-1f3c adapter.zip")
def export(adapter: Annotated[str, typer.Argument(metavar="ID")], file: Path, as_json: Json = False) -> None:
    """Write a version into one file."""
    from bot import app as root
    from bot.exchange import export_adapter

    with root.registry(load_settings()) as registry:
        size = export_adapter(registry.show(adapter), file)
    typer.echo(json.dumps({"file": str(file), "bytes": size}) if as_json else f"{file}: {size / 1e6:.1f} MB")


@app.command("import", epilog="Example: lorebot adapters import adapter.zip")
def import_(file: Path, as_json: Json = False) -> None:
    """Register a version from a file that `export` wrote. It does not serve until it is promoted."""
    from bot import app as root
    from bot.exchange import import_adapter

    with root.registry(load_settings()) as registry:
        found = import_adapter(registry, file)
    typer.echo(
        json.dumps({"id": found.id})
        if as_json
        else f"{found.id} is registered; `lorebot adapters promote {found.id}` puts it into service"
    )


@app.command(
    epilog="Example: lorebot adapters diff reader-minilm-l6-seed a-20261121-0630-1f3c --questions questions.jsonl"
)
def diff(
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    questions: Annotated[
        Path | None,
        typer.Option(help="A question file as for `lorebot evaluate`; else the shipped golden set."),
    ] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """The answers that differ between two versions, on a question file."""
    from bot import app as root
    from bot.reading.item_files import read_item_file

    found = read_item_file(questions or root.golden_questions(), strict=strict)
    for line in found.lines:
        typer.echo(line, err=True)
    n, changed = len(found.items), root.differences(load_settings(), a, b, found.items)
    if as_json:
        left = {"left_out": found.left_out, "mended": found.mended}
        typer.echo(json.dumps({"a": a, "b": b, "n": n, **left, "changed": changed}))
        return
    for row in changed:
        typer.echo(
            f"{row['question']}\n  {a}: {row['a'] or '(silent)'}\n  {b}: {row['b'] or '(silent)'}"
            f"\n  accepted: {row['accepted'] or '(no answer)'}"
        )
    typer.echo(f"{len(changed)} of {n} answers differ")


def _row(adapter: Adapter, champion: str) -> dict[str, Any]:
    if not adapter.id:
        raise AdapterError("found an adapter without id, expected one: `lorebot adapters verify`")
    return {
        "id": adapter.id,
        "parent": adapter.parent,
        "base": adapter.base,
        "sha256": adapter.sha256,
        "created_at": adapter.created_at,
        "champion": adapter.id == champion,
        "folder": adapter.folder,
    }
