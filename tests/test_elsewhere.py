"""Training by a command: what it is given, how it ends, and that only the build's own adapter counts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from adapter_folders import write_adapter
from tiny_bases import write_base

from bot.errors import AdapterError, StoppedError, TrainingError
from bot.reading.bases import locate
from bot.reading.card import read_card
from bot.records import Example
from training import elsewhere
from training.build import TrainingSettings, read_build, write_build
from training.elsewhere import end_orphans, train_elsewhere

TRAINS = """
import json, shutil, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from adapter_folders import write_adapter
build, out = Path(sys.argv[1]), Path(sys.argv[2])
head = json.loads((build / "build.json").read_text())
seed = json.loads((build / head["seed_adapter"] / "card.json").read_text())
print("training:  50%|#####     | 5/10", end="\\r", flush=True)
print("half of it is done", flush=True)
notes = {{**head["notes"], **{changes!r}}}
write_adapter(out, notes.pop("id"), parent=seed["id"], base_sha256=head["base_sha256"], **notes)
{after}
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    seed = write_adapter(tmp_path / "seed", "seed", parent=None)
    example = Example("Who?", "Anna runs payroll.", "gold", 0, 4)
    return write_build(
        tmp_path / "a folder" / "build",
        base="all-MiniLM-L6-v2",
        base_sha256="b" * 64,
        seed_adapter=seed,
        settings=TrainingSettings(),
        examples=[example],
        calibration=[],
        notes={"id": "a-1", "run": 3, "data": {"people": ["ab12"]}},
    )


def command(folder: Path, after: str = "", **changes: object) -> str:
    script = folder / "train.py"
    tests = str(Path(__file__).parent)
    script.write_text(TRAINS.format(tests=tests, changes=changes, after=after))
    return f"{sys.executable} {script} {{build}} {{out}}"


def shell(folder: Path, text: str) -> str:
    script = folder / "train.sh"
    script.write_text(text)
    return f"/bin/sh {script} {{build}} {{out}}"


def test_a_command_turns_the_build_folder_into_the_adapter(build: Path, tmp_path: Path, capfd) -> None:
    told: list[tuple[float, str]] = []
    slow = command(tmp_path, after="import time; time.sleep(1.5)")
    out = train_elsewhere(slow, build, tmp_path / "out", lambda share, text: told.append((share, text)))
    assert (out / "card.json").is_file()
    assert read_build(build).seed_adapter == build / "seed-adapter"
    assert (0.5, "half of it is done") in told
    assert told[-1][0] == 1.0
    assert "half of it is done" in capfd.readouterr().err


def test_a_command_that_is_not_there_is_named(build: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"starts '/no/such', which can't be run \(No such file"):
        train_elsewhere("/no/such {build} {out}", build, tmp_path / "out")


def test_a_command_that_fails_is_told_with_its_last_line(build: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"exit code 7 \(CUDA out of memory\)") as told:
        train_elsewhere(shell(tmp_path, "echo CUDA out of memory >&2; exit 7"), build, tmp_path / "out")
    assert "\n" not in str(told.value)


def test_a_command_that_was_killed_is_told(build: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="signal SIGKILL"):
        train_elsewhere(shell(tmp_path, "kill -9 $$"), build, tmp_path / "out")


def test_a_command_that_brings_nothing_is_told(build: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="made no folder"):
        train_elsewhere(shell(tmp_path, "true"), build, tmp_path / "out")


@pytest.mark.parametrize(
    "changes",
    [{"id": "a-2"}, {"run": 4}, {"data": {"people": []}}, {"parent": "another"}, {"base_sha256": "c" * 64}],
)
def test_an_adapter_of_another_build_does_not_count(build: Path, tmp_path: Path, changes) -> None:
    notes = {"id": "a-1", "run": 3, "data": {"people": ["ab12"]}, "parent": "seed", "base_sha256": "b" * 64}
    made = {**notes, **changes}
    write_adapter(tmp_path / "out", made.pop("id"), **made)
    (name,) = changes
    with pytest.raises(TrainingError, match=f"brought an adapter with {name} .*; expected"):
        elsewhere.check_came_back(tmp_path / "out", read_build(build))


def test_an_adapter_that_was_damaged_on_its_way_does_not_count(build: Path, tmp_path: Path) -> None:
    damage = "(out / 'adapter_model.safetensors').write_bytes(b'half')"
    with pytest.raises(AdapterError, match="SHA-256"):
        train_elsewhere(command(tmp_path, after=damage), build, tmp_path / "out")


def test_an_adapter_without_its_configuration_does_not_count(build: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no adapter_config\.json"):
        train_elsewhere(
            command(tmp_path, after="(out / 'adapter_config.json').unlink()"), build, tmp_path / "out"
        )


def alive(pid: int) -> bool:
    """Whether a process still works; one that only waits to be asked how it ended doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    until = time.monotonic() + 30
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


PARENT_AND_CHILD = "sleep 600 & echo $! > $(dirname $0)/child; echo both run; wait"


def test_who_cancels_ends_all_that_the_command_started(build: Path, tmp_path: Path) -> None:
    def tell(share: float, text: str) -> None:
        if text == "both run":
            raise StoppedError("cancelled by U9")

    with pytest.raises(StoppedError):
        train_elsewhere(shell(tmp_path, PARENT_AND_CHILD), build, tmp_path / "out", tell)
    assert gone(int((tmp_path / "child").read_text()))


def test_a_command_that_does_not_listen_is_killed(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "GRACE_S", 0.3)

    def tell(share: float, text: str) -> None:
        if text.startswith("deaf"):
            (tmp_path / "pid").write_text(text.split()[1])
            raise StoppedError("cancelled by U9")

    deaf = "trap '' TERM; echo deaf $$; while true; do sleep 1; done"
    with pytest.raises(StoppedError):
        train_elsewhere(shell(tmp_path, deaf), build, tmp_path / "out", tell)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_command_whose_run_was_killed_is_ended_by_the_next_run(build: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from training.elsewhere import train_elsewhere;"
        f"train_elsewhere({shell(tmp_path, PARENT_AND_CHILD)!r}, Path({str(build)!r}), Path({str(tmp_path / 'out')!r}),"
        " lambda share, text: print(text, flush=True))"
    )
    master = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert master.stdout is not None
    while master.stdout.readline() != "both run\n":
        pass
    child = int((tmp_path / "child").read_text())
    master.kill()
    master.wait(60)
    assert alive(child)
    end_orphans(build.parent)
    assert gone(child)
    end_orphans(build.parent)  # nobody is left: the file alone says nothing
    end_orphans(tmp_path / "no run")


def test_a_command_stands_back_as_the_cycle_does(build: Path, tmp_path: Path) -> None:
    niced: list[str] = []

    def run() -> None:
        os.nice(5)  # of this thread alone, on Linux
        says = "echo $(ps -o ni=,sess= -p $$ 2>/dev/null || awk '{print $19, $6}' /proc/$$/stat) $OMP_NUM_THREADS; exit 1"
        try:
            train_elsewhere(shell(tmp_path, says), build, tmp_path / "out", threads=3)
        except TrainingError as error:
            niced.append(str(error))

    before = os.getpriority(os.PRIO_PROCESS, 0)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    threads = os.environ.get("OMP_NUM_THREADS", "3")
    assert f"({min(before + 5, 19)} {os.getsid(0)} {threads})" in niced[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher",
    ["{python} -m training", "{python} -m accelerate.commands.launch --cpu --num_processes 2 -m training"],
    ids=["alone", "accelerate, two processes"],
)
def test_our_own_step_is_such_a_command(
    launcher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several processes that train together, one writes."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    base = locate(str(write_base(tmp_path / "base", "bert")))
    text = "The office opens at nine. The printer stands on the second floor. Anna runs payroll."
    examples = [Example("When does the office open?", text, "gold", 20, 24, references=("nine",))] * 8
    build = write_build(
        tmp_path / "run" / "build",
        base=base.name,
        base_sha256=base.sha256,
        seed_adapter=None,
        settings=TrainingSettings(r=2, alpha=4, epochs=2, batch=4, max_length=96, stride=16),
        examples=examples,
        calibration=[],
        notes={"id": "a-1", "run": 3},
    )
    command = launcher.replace("{python}", sys.executable) + " finetune {build} {out}"
    out = train_elsewhere(command, build, tmp_path / "run" / "adapter")
    card = read_card(out, base)
    assert (card["id"], card["recipe"]["steps"]) == ("a-1", 4)
    assert [step for step, loss in card["losses"]] == [1, 2, 3, 4]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["adapter", "build", "command"]
