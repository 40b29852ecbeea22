"""A loop for simulations without a model: what its trained readers know is whether anybody taught them the true words."""

from __future__ import annotations

import json
from pathlib import Path

from adapter_folders import write_adapter
from stand_ins import ScriptedReader

from bot.reading.items import Item, Reference, item_to_json
from bot.registry import Registry
from bot.settings import Settings
from bot.store import Store
from training.build import read_build
from training.finetune import Progress
from training.golden import Golden
from training.loop import Loop

TRUE, FALSE = "true words", "other things"


def item(number: int, *, answerable: bool = True) -> Item:
    text = f"Text {number} has {FALSE} and {TRUE}."
    answers = (Reference(TRUE, text.index(TRUE)),) if answerable else ()
    return Item(f"i{number}", f"Question {number}?", text, answers)


def written(path: Path, items: list[Item]) -> Path:
    path.write_text("".join(json.dumps(item_to_json(each)) + "\n" for each in items))
    return path


def learns_from_corrections(settings: Settings, store: Store) -> Loop:
    """A loop whose trained readers know the true words if their build had any target with them."""
    home = settings.home
    golden = Golden(
        *(tuple(Item(f"{part}{i}", "?", f"{part} {i} gold", (Reference("gold", len(f"{part} {i} ")),)) for i in range(20))
          for part in ("gate", "replay", "calibration"))
    )  # fmt: skip

    def load(folder: Path) -> ScriptedReader:
        card = json.loads((folder / "card.json").read_text())
        return ScriptedReader(card["id"], {TRUE if card.get("taught") else FALSE: 0.9, "gold": 0.8})

    def train(build: Path, out: Path, tell: Progress) -> Path:
        content = read_build(build)
        taught = [
            e.context[e.start : e.end] for e in content.examples if e.kind in ("correction", "gold", "up")
        ]
        made = write_adapter(out, adapter_id=content.notes["id"], data=content.notes.get("data", {}))  # type: ignore[arg-type]
        card = json.loads((made / "card.json").read_text())
        (made / "card.json").write_text(json.dumps({**card, "taught": TRUE in taught}))
        return made

    seed = write_adapter(home / "seed", "seed", parent=None)
    return Loop(home, store, Registry(store, home / "adapters", seed=seed), golden, None, load, train)
