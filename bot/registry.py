"""Adapter versions: which there are, whether they are what they were, which serves, and what served before.

Roles live in the append-only promotion log: its last row names the champion, and before any promotion that is
the shipped seed. Going back to an earlier version is a row like any other, so the log tells the whole story.
Each base has its champion: only versions made for the base that is configured can serve, by its SHA-256, and the last
of them does. Another base brings another champion, or its seed; going back to the first brings back what served on it.
A version is verified against its card (SHA-256 of weights and calibrator) before it is registered, and again
before it is promoted.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import secrets
import shutil
import time
from dataclasses import replace
from pathlib import Path

from bot.errors import AdapterError
from bot.reading.bases import DEFAULT_BASE
from bot.reading.card import CARD, publish, read_card
from bot.reading.shipped import shipped_seed
from bot.records import Adapter, Challenge, Outcome, Promotion
from bot.store import Store, challenges
from bot.store import adapters as log

ALLOWED = (".safetensors", ".json", ".md")
RETIRED = "retired"
"""On a card in the store: why the version's files were deleted."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_log = logging.getLogger(__name__)


class Registry:
    """The versions of one state folder, their folders in `adapters_folder`. Safe to share between threads.

    `base`: the base that the shipped seed has to stand on. `seed`: an adapter folder to start from instead.
    """

    def __init__(
        self, store: Store, adapters_folder: Path, *, base: str = DEFAULT_BASE, seed: Path | None = None
    ) -> None:
        self._store = store
        self._folder = adapters_folder
        self._base = base
        self._seed_folder = seed

    def seed(self) -> Adapter:
        """The adapter that everything starts from: shipped, or named by the setting; registered on first use.

        Its row follows the folder: another environment has it at another path, another release may bring
        other weights.
        Raises AdapterError where there is none, or it doesn't verify.
        """
        folder = (self._seed_folder or shipped_seed(self._base)).resolve()
        found = read_adapter(folder)
        with self._store.write():
            known = log.adapter(self._store, found.id)
            if known is None:
                found = replace(found, created_at=time.time())
                log.add(self._store, found)
            elif (known.folder, known.sha256, known.card) != (found.folder, found.sha256, found.card):
                found = replace(found, created_at=known.created_at)
                log.refresh(self._store, found)
            else:
                found = known
        return found

    def register(self, folder: Path) -> Adapter:
        """Verifies a finished adapter folder, moves it to its place under its id and notes it.

        From here on it never changes. The same adapter again is no mistake. Raises AdapterError, with nothing
        changed, where the folder doesn't verify or its id belongs to another adapter.
        """
        found = read_adapter(folder)
        target = self._folder.resolve() / found.id
        known = log.adapter(self._store, found.id)
        if known is not None:
            if known.sha256 == found.sha256:
                return known
            raise AdapterError(
                f"Found another adapter with id {found.id} (weights {known.sha256[:12]}, not "
                f"{found.sha256[:12]}); expected a new id: adapters never change."
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        if folder.resolve() != target:
            _move(folder, target)
        adapter = replace(found, folder=str(target), created_at=time.time())
        log.add(self._store, adapter)
        return adapter

    def adapters(self) -> list[Adapter]:
        """Every version, the seed among them, oldest first."""
        self.seed()
        return log.adapters(self._store)

    def show(self, adapter_id: str) -> Adapter:
        """Raises AdapterError for an id that isn't known, with the nearest ones."""
        found = log.adapter(self._store, adapter_id)
        if found is None:
            known = [each.id for each in self.adapters()]
            if adapter_id in known:
                return self.show(adapter_id)
            raise AdapterError(f"Found no adapter {adapter_id}; expected one of {', '.join(known[-5:])}.")
        return found

    def verify(self) -> dict[str, str]:
        """What is wrong with which version (id: one line), each checked against its card and its row.

        A retired version has no files on purpose; nothing is loaded.
        """
        found = {each.id: _damage(each) for each in self.adapters() if RETIRED not in each.card}
        return {adapter_id: problem for adapter_id, problem in found.items() if problem is not None}

    def champion(self) -> Adapter:
        """The version in service: of those that may serve on this base, the last one promoted."""
        serving = (self.show(each) for each in reversed(self._served()))
        return next((each for each in serving if RETIRED not in each.card), self.seed())

    def resting(self) -> Adapter | None:
        """The version that was promoted last, where it can't serve because the base is another one now."""
        last = log.last_promotion(self._store)
        promoted = None if last is None else self.show(last.adapter)
        return promoted if promoted and promoted.base_sha256 != self.seed().base_sha256 else None

    def refuse_other_base(self, adapter: Adapter) -> None:
        """Raises AdapterError, naming both hashes, for a version that was made for another base than the seed."""
        seed = self.seed()
        if adapter.base_sha256 != seed.base_sha256:
            raise AdapterError(
                f"Adapter {adapter.id} was made for base {adapter.base} with SHA-256 {adapter.base_sha256}; found "
                f"{seed.base} with {seed.base_sha256}: set LOREBOT_BASE to its base to use it."
            )

    def promotions(self) -> list[Promotion]:
        """The whole log, oldest first."""
        return log.promotions(self._store)

    def promote(self, adapter_id: str, by: str, why: str, run_id: int | None = None) -> Promotion:
        """Puts a version into service. Raises AdapterError, with nothing changed, where it can't serve."""
        with self._store.write():
            adapter = self.show(adapter_id)
            problem = self._problem(adapter)
            if problem is not None:
                raise AdapterError(problem)
            return self._append(Promotion(adapter_id, by, why, run_id))

    def rollback(self, by: str, why: str) -> Promotion:
        """Puts the version that served before the champion back into service, and notes it in the log.

        Versions that were rolled back already are not what came before, and one that doesn't verify is
        passed over. Raises AdapterError where nothing is left to go back to.
        """
        with self._store.write():
            served, current = self._served(), self.champion().id
            for adapter_id in reversed(served[: served.index(current)]):
                problem = self._problem(self.show(adapter_id))
                if problem is None:
                    return self._append(Promotion(adapter_id, by, why))
                _log.warning("rolling back past %s: %s", adapter_id, problem)
        raise AdapterError(
            f"Found nothing that served before {current}; expected an earlier promotion to go back to."
        )

    def newcomer(self) -> tuple[Promotion, Adapter] | None:
        """The promotion that put the champion into service, and its predecessor; None where nobody has to prove a thing.

        What was gone back to has served before, and so has the seed: only a version that is new there is watched.
        """
        served, fresh = self._read_log()
        if fresh is None or len(served) < 2 or self.champion().id != served[-1]:
            return None
        return fresh, self.show(served[-2])

    def challenge(
        self, adapter_id: str, by: str, why: str, run_id: int | None = None, share: float | None = None
    ) -> Challenge:
        """Puts a version on a live trial against the champion: it answers `share` of the questions (None: the setting's).

        Raises AdapterError where it can't serve or is the champion, BusyError while another trial is open; nothing
        has changed then.
        """
        with self._store.write():
            adapter, champion = self.show(adapter_id), self.champion()
            problem = self._problem(adapter)
            if problem is None and adapter.id == champion.id:
                problem = f"Adapter {adapter.id} is the champion; expected another one to challenge it."
            if problem is None and share is not None and not 0 < share <= 0.5:
                problem = (
                    f"Found a share of {share:g}; expected more than 0 and at most 0.5 of the questions."
                )
            if problem is not None:
                raise AdapterError(problem)
            return challenges.begin(self._store, Challenge(adapter.id, champion.id, share, by, why, run_id))

    def challenger(self) -> Adapter | None:
        """The version on trial, where it may still serve and challenges the champion of now."""
        trial = challenges.current(self._store)
        return None if trial is None or self.trial_problem(trial) else self.show(trial.adapter)

    def trial_problem(self, trial: Challenge) -> str | None:
        """Why a trial can't go on, in one line: its challenger can't serve, or another champion does."""
        champion = self.champion().id
        if trial.champion != champion:
            return f"it challenged {trial.champion}, but {champion} serves now"
        return self._problem(self.show(trial.adapter))

    def end_challenge(self, outcome: Outcome, why: str, only: int | None = None) -> Challenge | None:
        """Closes the open trial (`only` that with this id) and returns it as it is then; None: there was none."""
        with self._store.write():
            trial = challenges.current(self._store)
            if trial is None or trial.id is None or only not in (None, trial.id):
                return None
            challenges.end(self._store, trial.id, outcome, why)
            return challenges.challenge(self._store, trial.id)

    def learned_from(self, person: str) -> list[Adapter]:
        """The versions, not yet retired, that learned from `person`: their cards keep people as digests only."""
        digest = person_digest(person)
        return [
            each
            for each in log.adapters(self._store)
            if RETIRED not in each.card and digest in each.card.get("data", {}).get("people", ())
        ]

    def retire(self, adapter_id: str, by: str, why: str) -> None:
        """Deletes a version's files for good; where it serves, the one before takes over. Its row stays.

        Raises AdapterError for the seed, which was made without this team's data.
        """
        adapter = self.show(adapter_id)
        if adapter_id == self.seed().id:
            raise AdapterError(
                f"Adapter {adapter_id} is the seed; expected a trained one: the seed learned nothing here."
            )
        with self._store.write():
            if self.champion().id == adapter_id:
                self.rollback(by, why)
            trial = challenges.current(self._store)
            if trial is not None and trial.adapter == adapter_id:
                self.end_challenge("ended", why)
            log.refresh(self._store, replace(adapter, card={**adapter.card, RETIRED: why}))
        shutil.rmtree(adapter.folder, ignore_errors=True)

    def _append(self, promotion: Promotion) -> Promotion:
        promotion = replace(promotion, at=time.time())
        trial = challenges.current(self._store)
        if trial is not None:
            won = trial.adapter == promotion.adapter and promotion.by == "bot"
            self.end_challenge("promoted" if won else "overtaken", promotion.why)
        return replace(promotion, id=log.append_promotion(self._store, promotion))

    def _served(self) -> list[str]:
        """Ids from the seed to the champion, each having served before the next."""
        return self._read_log()[0]

    def _read_log(self) -> tuple[list[str], Promotion | None]:
        """The log read as a stack, from the seed to the champion; and the row that put the champion there as a new one.

        A row that names a version further down is a return to it, and what came after it was left. Rows about another
        base's versions are passed over.
        """
        seed = self.seed()
        stack, fresh = [seed.id], None
        fitting = {each.id for each in log.adapters(self._store) if each.base_sha256 == seed.base_sha256}
        for row in log.promotions(self._store):
            if row.adapter not in fitting:
                continue
            if row.adapter in stack:
                del stack[stack.index(row.adapter) + 1 :]
                fresh = None
            else:
                stack.append(row.adapter)
                fresh = row
        return stack, fresh

    def _problem(self, adapter: Adapter) -> str | None:
        """Why a version can't serve, in one line."""
        if RETIRED in adapter.card:
            return (
                f"Adapter {adapter.id} was retired ({adapter.card[RETIRED]}); expected one that may serve: "
                "promote another."
            )
        try:
            self.refuse_other_base(adapter)
        except AdapterError as error:
            return str(error)
        return _damage(adapter)


def _damage(adapter: Adapter) -> str | None:
    """How a version's files differ from what was registered, in one line; whatever base it stands on."""
    try:
        found = read_adapter(Path(adapter.folder))
    except AdapterError as error:
        return str(error)
    if (found.id, found.sha256, found.base_sha256) == (adapter.id, adapter.sha256, adapter.base_sha256):
        return None
    return (
        f"{adapter.folder} holds adapter {found.id} with weights {found.sha256[:12]} for base {found.base}; expected "
        f"{adapter.id} with {adapter.sha256[:12]} for {adapter.base}, as registered: import it again."
    )


def new_id(now: float | None = None) -> str:
    """A new adapter id: the minute it is made in (UTC), so that ids sort, and four digits to set it apart."""
    moment = time.gmtime(time.time() if now is None else now)
    return f"a-{time.strftime('%Y%m%d-%H%M', moment)}-{secrets.token_hex(2)}"


def person_digest(person: str) -> str:
    """How a card names a person whose feedback it learned from: enough to find them again, no name."""
    return hashlib.sha256(f"lorebot:{person}".encode()).hexdigest()[:16]


def read_adapter(folder: Path) -> Adapter:
    """The adapter in a folder, verified. Raises AdapterError."""
    card = read_card(folder)
    if not _ID.fullmatch(str(card["id"])):
        raise AdapterError(
            f"{folder / CARD} has id {card['id']!r}; expected letters, digits, dots, dashes: correct it."
        )
    for path in sorted(folder.iterdir()):
        if path.suffix not in ALLOWED or not path.is_file() or path.is_symlink():
            raise AdapterError(
                f"Found {path.name} in {folder}; expected only plain {', '.join(ALLOWED)} files: remove it."
            )
    return Adapter(
        id=str(card["id"]),
        base=str(card["base"]),
        base_sha256=str(card["base_sha256"]),
        sha256=str(card["sha256"]),
        folder=str(folder),
        parent=card.get("parent"),
        card=card,
    )


def _move(folder: Path, target: Path) -> None:
    """Puts `folder` at `target` in one rename; from another file system it is copied beside its place."""
    if target.exists():  # a crash between rename and row left it: what is verified now takes its place
        shutil.rmtree(target)
    try:
        publish(folder, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
        shutil.copytree(folder, draft)
        publish(draft, target)
        shutil.rmtree(folder)
