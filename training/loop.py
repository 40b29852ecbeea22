"""What a cycle works with, and what it may do differently: made from the settings, or by a test with fakes in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.errors import SettingsError
from bot.quiet import QuietHours, quiet_hours
from bot.reading.protocol import Reader
from bot.reading.quantization import Quantize
from bot.reading.readers import check_kind, load_reader
from bot.records import Kind
from bot.registry import Registry
from bot.settings import Settings
from bot.store import Store
from bot.trust import Rules
from training.build import WEIGHTS, TrainingSettings
from training.elsewhere import train_elsewhere
from training.examples import HELD_OUT, PERSON_SHARE
from training.finetune import Progress, finetune
from training.golden import GOLDEN, Golden, read_golden
from training.guards import Margins

TUNABLE = ("epochs", "batch", "learning_rate", *WEIGHTS)
"""What LOREBOT_TRAINING may set: how long and fast is learned, and what each kind of feedback weighs."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a cycle may do differently; the defaults are what the schedule runs with."""

    held_out: float = HELD_OUT
    min_examples: int = 20  # with fewer, no training: a handful of votes only makes noise
    replay_share: float = 0.5  # of all examples, at most; Gao et al. 2023 rehearse as much as they learn
    settings: TrainingSettings = field(default_factory=TrainingSettings)
    margins: Margins = field(default_factory=Margins)
    trust: bool = True  # False: everybody is believed alike, to measure what trust is worth
    kinds: frozenset[Kind] | None = None  # which kinds of example are trained on; None: all
    new_days: float = Rules().new_days  # a new account's feedback waits for a reviewer that long
    person_share: float = PERSON_SHARE  # of what is learned, that one person's feedback may have


@dataclass(frozen=True, slots=True)
class Loop:
    """What a cycle works with: the state, and the two steps that need a model (tests put fakes there)."""

    home: Path
    store: Store
    registry: Registry
    golden: Golden
    min_confidence: float | None = None  # the setting; None: each adapter's own
    load: Callable[[Path], Reader] = load_reader
    train: Callable[[Path, Path, Progress], Path] = finetune
    base: str | None = None  # where the base is; None: where the seed's card says
    quantize: Quantize = ""
    writing: Mapping[str, Any] = field(default_factory=dict)  # what is set of how a generative reader writes
    quiet: QuietHours | None = None  # when a run that nobody asked for has to stand back
    clock: Callable[[], datetime] = datetime.now  # local time, for quiet hours
    canary: float = 0.0  # share of the threads that a live trial gets; 0: no trials


def options_of(settings: Settings) -> Options:
    """What is set of how a cycle goes. Raises SettingsError: a training setting that isn't one, or no value for it."""
    for name, value in settings.training.items():
        if name not in TUNABLE or value < 0 or (value == 0 and not name.endswith("_weight")):
            raise SettingsError(
                f"LOREBOT_TRAINING has {name}: {value:g}; expected {', '.join(TUNABLE)} with numbers above 0 (weights"
                ' may be 0): set it like {"epochs": 2, "down_weight": 0.2}'
            )
    whole = {
        name: round(value) or 1 if name == "batch" else value for name, value in settings.training.items()
    }
    return Options(
        settings=TrainingSettings(**whole),  # type: ignore[arg-type]
        new_days=settings.trust_after_days,
        person_share=settings.person_share,
    )


def open_loop(settings: Settings, store: Store) -> Loop:
    """The loop over a state folder as the settings have it."""
    registry = Registry(store, settings.adapters_folder, base=settings.base, seed=settings.adapter)
    check_kind(registry.seed().card, settings.reader)
    return Loop(
        settings.home,
        store,
        registry,
        read_golden(settings.golden or GOLDEN),
        settings.min_confidence,
        load=partial(load_reader, base=settings.base, quantize=settings.quantize, writing=settings.writing),
        base=settings.base,
        quantize=settings.quantize,
        writing=settings.writing,
        quiet=quiet_hours(settings.quiet_hours),
        canary=settings.canary,
        train=partial(train_elsewhere, settings.train_command, threads=settings.threads)
        if settings.train_command.strip()
        else finetune,
    )
