"""`lorebot learn` with Slack exports: recognised by what they are, told in one line, counted in JSON."""

from __future__ import annotations

import json
from pathlib import Path

from slack_exports import DAYS, Export, asked, message
from stand_ins import HashingEncoder
from test_cli import lorebot

from bot import cli_learn
from bot.records import WORKSPACE
from bot.settings import Settings
from bot.store import open_store


def learned(tmp_path: Path, *paths: Path, prune: bool = False) -> cli_learn.Learned:
    return cli_learn.learn_all(
        open_store(tmp_path / "state" / "lorebot.db"),
        HashingEncoder(),
        paths,
        Settings(),
        scope=WORKSPACE,
        prune=prune,
        link_base=None,
        progress=lambda *_: None,
    )


def test_exports_and_files_are_learned_together_and_told_apart(tmp_path: Path) -> None:
    page = tmp_path / "leave.md"
    page.write_text("# Leave\n\nSix days.")
    chat = {("general", DAYS[0]): asked("How do I reset my badge?", "Hold it to the reader")}
    export = Export(days=chat, direct=["D1"]).packed(tmp_path / "acme.zip")
    found = learned(tmp_path, export, page)
    told = list(cli_learn.summary(found))
    assert told[0].startswith(
        f"{export}: 3 messages in 1 channels (0 of them private, 0 conversations left unread): 1 "
    )
    assert told[1].startswith("1 learned, 0 replaced")
    assert told[1].endswith("2 passages in all")
    data = json.loads(json.dumps(cli_learn.as_data(found)))
    assert data["learned"] == 1
    assert data["exports"][0]["answered"] == 1


def test_an_export_that_fails_stops_nothing_else_and_alone_it_is_a_failure(tmp_path: Path) -> None:
    page = tmp_path / "leave.md"
    page.write_text("# Leave\n\nSix days.")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK and no more")
    both, alone = learned(tmp_path, broken, page), learned(tmp_path, broken)
    assert not cli_learn.nothing_learned(both)
    assert cli_learn.nothing_learned(alone)
    assert [line.split(": ")[:2] for line in cli_learn.remarks(alone)] == [["not learned", str(broken)]]


def test_the_command_reads_an_export(tmp_path: Path) -> None:
    export = Export(days={("general", DAYS[0]): [message("U1", "Good morning", 0)]}).packed(
        tmp_path / "acme.zip"
    )
    done = lorebot(tmp_path / "home", "learn", str(export), "--json")
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)["exports"]
    assert (report["messages"], report["learned"]) == (1, 0)


def test_the_command_refuses_another_zip_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"nothing")
    done = lorebot(tmp_path / "home", "learn", str(tmp_path / "x.zip"))
    assert done.returncode == 1
    assert "expected a Slack export" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
