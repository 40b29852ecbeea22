"""The floors hold: imports go down only, and what is heavy or of another room is not pulled in by the way."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FLOORS = {
    "records": 0,
    "settings": 0,
    "errors": 0,
    "logs": 0,
    "metrics": 1,
    "quiet": 0,
    "store": 1,
    "reading": 1,
    "sequential": 0,
    "watching": 3,
    "registry": 2,
    "said": 2,
    "trust": 2,
    "knowledge": 2,
    "answering": 3,
    "retraining": 3,
    "exchange": 3,
    "forgetting": 3,
    "retention": 3,
    "reviewing": 3,
    "insights": 3,
    "sight": 2,
    "slack": 4,
    "playground": 4,
    "app": 5,
    "serving": 5,
    "connecting": 5,
    "offering": 5,
    "__main__": 5,
    "cli": 5,
    "cli_adapters": 5,
    "cli_ask": 5,
    "cli_feedback": 5,
    "cli_learn": 5,
    "doctor": 5,
}
"""Of each room of `bot`: a new room needs a floor here, and the design page has to agree."""

UPPER = {"bot." + room for room, floor in FLOORS.items() if floor > 3}
HEAVY = {"torch", "transformers", "peft", "datasets", "accelerate", "bitsandbytes"}


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    """(dotted name, parsed source) of every module of a package."""
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module imported anywhere in it, and every name imported from one, dotted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported, without those for the type checker only."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node


def rooms(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "bot" and len(parts) > 1 else None


def test_every_room_has_a_floor() -> None:
    found = {room for name, _ in modules("bot") if (room := rooms(name))}
    assert found <= FLOORS.keys()


def test_imports_in_bot_go_down_the_floors_only() -> None:
    upwards = {
        (name, imported)
        for name, tree in modules("bot")
        if (room := rooms(name))
        for imported in imports(tree)
        if (other := rooms(imported)) in FLOORS and FLOORS[other] > FLOORS[room]
    }
    assert upwards == set()


def test_the_two_rooms_of_slack_do_not_know_each_other() -> None:
    crossing = {
        (name, imported)
        for name, tree in modules("bot")
        for imported in imports(tree)
        if {rooms(name), rooms(imported)} == {"slack", "playground"}
    }
    assert crossing == set()


def test_bot_never_imports_training() -> None:
    found = [
        name for name, tree in modules("bot") if any(i.split(".")[0] == "training" for i in imports(tree))
    ]
    assert found == []


def test_training_stands_on_the_lower_floors_only() -> None:
    found = {
        (name, imported)
        for name, tree in modules("training")
        for imported in imports(tree)
        if any(imported == upper or imported.startswith(upper + ".") for upper in UPPER)
    }
    assert found == set()


def test_only_the_store_opens_databases() -> None:
    found = {
        name
        for package in ("bot", "training")
        for name, tree in modules(package)
        if not name.startswith("bot.store")
        for imported in imports(tree)
        if imported.split(".")[0] == "sqlite_utils"
    }
    assert found == set()


@pytest.mark.parametrize("package", ["bot", "training"])
def test_heavy_libraries_are_imported_only_where_they_are_used(package: str) -> None:
    found = {
        (name, imported)
        for name, tree in modules(package)
        for node in at_import(tree)
        for imported in imports(node)
        if imported.split(".")[0] in HEAVY
    }
    assert found == set()


@pytest.mark.parametrize(
    "module", ["bot.cli", "bot.retraining", "bot.registry", "training.cycle", "training.gate"]
)
def test_importing_loads_no_model_library(module: str) -> None:
    code = f"import sys, {module}; print(sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
