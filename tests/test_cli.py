"""The command line as others' scripts meet it: exit codes, one line for a mistake, one JSON object on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def lorebot(
    home: Path, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LOREBOT_", "SLACK_"))}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env={**clean, "LOREBOT_HOME": str(home), "HF_HUB_OFFLINE": "1", "COLUMNS": "100", **environment},
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


COMMANDS = (
    *(["playground"], ["run"], ["learn"], ["ask"], ["evaluate"], ["retrain"], ["forget"], ["doctor"]),
    *(
        ["adapters", name]
        for name in ("list", "show", "diff", "promote", "rollback", "challenge", "verify", "export", "import")
    ),
    *(["feedback", name] for name in ("import", "export", "review")),
)


def test_every_command_has_help_with_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from bot.cli import app

    for command in COMMANDS:
        result = CliRunner().invoke(app, [*command, "--help"])
        assert result.exit_code == 0, command
        assert f"Example: lorebot {' '.join(command)}" in " ".join(result.output.split()), command


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["adapters", "show", "nonsense"], "no adapter nonsense"),
        (["adapters", "rollback"], "nothing that served before"),
        (["adapters", "import", "nothing.zip"], "nothing.zip"),
        (["evaluate", "nothing.jsonl"], "nothing.jsonl"),
        (["learn", "nowhere"], "nowhere"),
        (["ask", "  "], "empty question"),
        (["feedback", "import", "nothing.jsonl"], "nothing.jsonl"),
        (["run"], "SLACK_BOT_TOKEN"),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_exit_1(home: Path, arguments: list[str], told: str) -> None:
    result = lorebot(home, *arguments)
    assert result.returncode == 1, result.stderr
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    "command",
    [["evaluate", "FILE"], ["adapters", "diff", "a", "b", "--questions", "FILE"]],
    ids=["evaluate", "diff"],
)
def test_strictness_stops_at_a_bad_row_and_names_it(home: Path, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "questions.csv"
    file.write_text("context,question,text\nIn Leiden.,Where?,Leiden\nIn Leiden.,When?,1998\n")
    result = lorebot(home, *[str(file) if each == "FILE" else each for each in command], "--strict", "--json")
    assert (result.returncode, result.stdout) == (1, "")
    told = result.stderr.strip().splitlines()
    assert told[0].startswith("lorebot: Found bad rows in")
    assert (
        told[-1]
        == "  answer not in context (1): line 3: found no '1998' in the context, expected the answer there"
    )


def test_misuse_is_exit_2(home: Path) -> None:
    assert lorebot(home, "ask").returncode == 2
    assert lorebot(home, "nonsense").returncode == 2


def test_a_wrong_setting_is_named(home: Path) -> None:
    result = lorebot(home, "adapters", "list", LOREBOT_PASSAGES="many")
    assert (result.returncode, result.stdout) == (1, "")
    assert "LOREBOT_PASSAGES" in result.stderr


def test_the_shipped_adapter_serves_first_and_is_what_its_card_says(home: Path) -> None:
    listed = json.loads(lorebot(home, "adapters", "list", "--json").stdout)
    assert listed["champion"] == "reader-minilm-l6-seed"
    verified = json.loads(lorebot(home, "adapters", "verify", "--json").stdout)
    assert verified == {"ok": True, "checked": ["reader-minilm-l6-seed"], "problems": {}}


def test_doctor_prints_one_object_and_says_what_is_missing(home: Path) -> None:
    result = lorebot(home, "doctor", "--json")
    checks = {each["name"]: each for each in json.loads(result.stdout)["checks"]}
    assert result.returncode == 0
    assert checks["base model"]["ok"]
    assert not checks["slack"]["ok"]
    assert not home.exists(), "looking must not make anything"


@pytest.mark.slow
def test_a_file_is_learned_asked_about_and_read_alone(home: Path, tmp_path: Path) -> None:
    page = tmp_path / "leave.md"
    page.write_text(
        "# Leave\n\nEvery employee gets 27 days of paid leave a year. The office closes on 24 December.\n"
    )
    learned = json.loads(lorebot(home, "learn", str(page), "--json").stdout)
    assert (learned["learned"], learned["failed"]) == (1, [])
    question = "How many days of paid leave does an employee get?"
    for arguments, stdin in (
        ([], ""),
        (["--context", str(page)], ""),
        (["--context", "-"], page.read_text()),
    ):
        answer = json.loads(lorebot(home, "ask", question, "--json", *arguments, stdin=stdin).stdout)
        best = answer["candidates"][0]
        text = answer["closest"][best["passage"]]["text"]
        assert text[best["start"] : best["end"]] == best["text"]
        assert "27" in best["text"]


@pytest.mark.slow
def test_evaluate_prints_the_contracts_figures(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    file.write_text(
        "context,question,text\n"
        "The archive moved to Leiden in 1998 after the flood.,When did the archive move to Leiden?,1998\n"
        "The archive moved to Leiden in 1998 after the flood.,Where did the archive move?,Leiden\n"
    )
    scores = json.loads(lorebot(home, "evaluate", str(file), "--json", "--min-confidence", "0").stdout)
    assert set(scores) == {
        *(
            "adapter",
            "n",
            "exact_match",
            "f1",
            "has_answer_exact_match",
            "has_answer_f1",
            "no_answer_accuracy",
        ),
        *("span_exact_match", "span_f1", "abstention_rate", "ece", "latency_ms"),
        *("aurc", "answered_at_80", "answered_at_90", "left_out", "mended"),
    }
    assert (scores["left_out"], scores["mended"]) == ({}, {})
    assert set(scores["latency_ms"]) == {"p50", "p95"}
    assert scores["n"] == 2
    assert scores["abstention_rate"] == 0
    assert scores["span_f1"] > 50
