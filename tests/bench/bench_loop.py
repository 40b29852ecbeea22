"""The whole loop on the demo's handbook, in the real process: feedback on N answers, a retraining, the swap under load.

    python tests/bench/bench_loop.py [--feedback 160]

People ask N of the handbook's questions in the playground and say of each answer what a careful person would: up when its F1
with a reference is at least 0.5, else down with the right answer; "should have stayed silent" where the handbook doesn't
tell. Then an admin retrains. It prints the verdict, and, while somebody keeps asking, the seconds from the promotion's row to
the first answer by the new adapter (by hand, where the gate said no), and how many questions failed meanwhile.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "scenarios"))

from local_workspace import ROOT, Workspace, playground, until

from bot.reading.squad import f1
from bot.records import Answer
from bot.store import Store, adapters, open_store, questions

PEOPLE = ("hana", "priya", "tomas", "jonas")
CHANNELS = ("general", "it-help", "people-ops", "engineering")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--feedback", type=int, default=160)
    wanted = arguments.parse_args().feedback
    with tempfile.TemporaryDirectory() as home, playground(Path(home)) as workspace:
        store = open_store(Path(home) / "playground" / "lorebot.db")
        began = time.perf_counter()
        given = _give(workspace, store, wanted)
        took = time.perf_counter() - began
        print(f"{wanted} questions asked and judged in {took:.0f} s: {given}", flush=True)

        workspace.call("command", "mira", channel="general", command="/lorebot", text="retrain")
        run = until(lambda: _ended(store), "the end of the retraining", seconds=1800, alive=workspace.process)
        print(
            f"run {run['id']} {run['state']} in {run['finished_at'] - run['started_at']:.0f} s; {run['error'] or 'no error'}"
        )
        verdict = json.loads(run["verdict"])
        print(f"verdict: {verdict['decision']}")
        for reason in verdict["reasons"]:
            print(f"  - {reason}")
        print(json.dumps(verdict["numbers"], indent=1))

        if verdict["decision"] == "promote":
            back = workspace.run("adapters", "rollback", "--json")
            print("rolled back, to promote again under load:", back.stdout.strip())
            time.sleep(3)
        _swap_under_load(workspace, store, run["candidate"])


def _give(workspace: Workspace, store: Store, wanted: int) -> dict[str, int]:
    lines = (ROOT / "tests" / "data" / "handbook-questions.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if not row.get("follows")]
    given = {"up": 0, "down with correction": 0, "should be silent": 0, "up on silence": 0}
    for i, row in enumerate(rows[:wanted]):
        person, channel = PEOPLE[i % len(PEOPLE)], CHANNELS[i % len(CHANNELS)]
        reply = workspace.ask(person, channel, f"@Lorebot {row['question']}")
        said = _answer(store, reply).text
        right = (
            said is None
            if row["is_impossible"]
            else said is not None and max(f1(said, [each]) for each in row["answers"]) >= 0.5
        )
        workspace.vote(person, reply, "up" if right else "down")
        if right:
            given["up on silence" if said is None else "up"] += 1
            continue
        view = workspace.open_view(person)
        if row["is_impossible"]:
            given["should be silent"] += 1
            values = {"reason": {"reason": "should_be_silent"}}
        else:
            given["down with correction"] += 1
            values = {"reason": {"reason": "wrong"}, "correction": {"correction": row["answers"][0]}}
        held = {block["block_id"] for block in view["blocks"]}
        values = {name: value for name, value in values.items() if name in held}
        if "answer" in held:  # the form of an abstention asks for the answer alone
            values = {"answer": {"answer": row["answers"][0]}}
        workspace.call("submit", person, view_id=view["id"], values=values)
    return given


def _swap_under_load(workspace: Workspace, store: Store, candidate: str) -> None:
    replies: list[tuple[str, dict[str, Any]]] = []
    failed: list[str] = []
    stop = threading.Event()

    def keep_asking() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            try:
                question = f"@Lorebot what is the rule number {n} about printers?"
                replies.append((question, workspace.ask("tomas", "it-help", question)))
            except AssertionError as error:
                failed.append(str(error))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    time.sleep(3)
    assert workspace.run("adapters", "promote", candidate).returncode == 0
    promoted = adapters.last_promotion(store)
    assert promoted is not None
    until(
        lambda: any(_answer(store, reply).adapter == candidate for _, reply in replies[-3:]),
        "an answer by the new adapter",
    )
    time.sleep(3)
    stop.set()
    asking.join()
    by = [_answer(store, reply) for _, reply in replies]
    first = min(each.answered_at for each in by if each.adapter == candidate)
    print(
        f"first answer by the new adapter {first - promoted.at:.2f} s after the promotion; {len(by)} questions asked around it, "
        f"{len(failed)} failed; slowest {max(each.seconds for each in by):.2f} s"
    )


def _answer(store: Store, reply: dict[str, Any]) -> Answer:
    return until(lambda: questions.answer_at(store, reply["channel"], reply["ts"]), "the recorded answer")


def _ended(store: Store) -> dict[str, Any] | None:
    return store.one("SELECT * FROM runs WHERE state != 'running' ORDER BY id DESC LIMIT 1")


if __name__ == "__main__":
    main()
