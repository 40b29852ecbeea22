"""The whole feedback cycle with a seq2seq base, without any weights from elsewhere: a small T5 learns a grammar of made-up
facts from a random start; people then ask in a new style, in which it fails, and their feedback teaches it by LoRA alone.

    red fox : ana keeps tea in rome .     who / what / where has red fox ?        the base knows these
    red fox / rome gets tea from ana .    giver / cargo / port of red fox ?       new: facts and questions
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from stand_ins import HashingEncoder
from tiny_bases import one_thread
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from bot.answering import Answerer, LiveReader
from bot.knowledge.index import Index
from bot.reading.bases import locate
from bot.reading.hashes import file_sha256
from bot.reading.items import Item, Reference, item_to_json
from bot.reading.scores import evaluate
from bot.reading.sequences import NO_ANSWER
from bot.records import Example, Feedback, Question, Scores
from bot.settings import Settings
from bot.store import Store, feedback, open_store
from training.build import TrainingSettings, write_build
from training.cycle import run_cycle
from training.finetune import finetune
from training.guards import Margins
from training.loop import Loop, Options, open_loop

SLOTS = {
    "person": ["ana", "bob", "cid", "dan", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "leo"],
    "good": ["tea", "rum", "salt", "rice", "corn", "milk", "wine", "fish", "meat", "oil", "figs", "nuts"],
    "town": ["rome", "oslo", "bern", "lima", "kiev", "riga", "cork", "bonn", "nice", "pisa", "graz", "linz"],
}
COLOURS = ["red", "blue", "green", "black", "white", "brown", "pink", "grey", "gold", "pale"]
ANIMALS = ["fox", "owl", "bear", "wolf", "hare", "swan", "crab", "toad", "lynx", "mole"]
KNOWN = {"person": "who has {} ?", "good": "what has {} ?", "town": "where has {} ?"}
NEW = {"person": "giver of {} ?", "good": "cargo of {} ?", "town": "port of {} ?"}
REST = f"question: context: {NO_ANSWER} who what where has giver cargo port of keeps in gets from ? : / .".split()
SPECIAL = ["<pad>", "</s>", "<unk>"]
VOCABULARY = [*SPECIAL, *REST, *COLOURS, *ANIMALS, *(word for words in SLOTS.values() for word in words)]


def fact(draw: random.Random, style: dict[str, str], *, learned: bool) -> Item:
    """One fact with one question. A fifth of the combinations is never learned by the base: questions there test it."""
    while True:
        values = {slot: draw.choice(words) for slot, words in SLOTS.items()}
        if (sum(SLOTS[slot].index(value) for slot, value in values.items()) % 5 != 0) == learned:
            break
    name = f"{draw.choice(COLOURS)} {draw.choice(ANIMALS)}"
    slot = draw.choice(list(SLOTS))
    missing = style is KNOWN and draw.random() < 0.2
    said = {each: value for each, value in values.items() if each != slot or not missing}
    context = (
        known_fact(name, said)
        if style is KNOWN
        else "{} / {town} gets {good} from {person} .".format(name, **said)
    )
    answers = () if missing else (Reference(values[slot], context.index(f" {values[slot]}") + 1),)
    return Item(f"{style[slot].format(name)} {context}", style[slot].format(name), context, answers)


def known_fact(name: str, said: dict[str, str]) -> str:
    parts = [
        said.get("person", ""),
        "keeps",
        said.get("good", ""),
        *(["in", said["town"]] if "town" in said else []),
    ]
    return f"{name} : {' '.join(part for part in parts if part)} ."


def facts(n: int, style: dict[str, str], seed: int, *, learned: bool = False) -> list[Item]:
    """`n` facts, each with a question of its own."""
    draw, found = random.Random(seed), {}
    while len(found) < n:
        item = fact(draw, style, learned=learned)
        found.setdefault(item.question, item)
    return list(found.values())


def write_tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.add_special_tokens(SPECIAL)
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


def write_base(folder: Path, steps: int = 260) -> Path:
    """A T5 of 2 + 2 layers x 64, trained from a random start on known facts."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    from bot.reading.loading import quiet_loading
    from bot.reading.sequences import SequenceCutter, as_labels

    cutter = SequenceCutter(write_tokenizer(folder), pad_id=0, eos_id=1)
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=len(VOCABULARY), d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, dropout_rate=0.0,
        decoder_start_token_id=0, relative_attention_num_buckets=16, relative_attention_max_distance=32,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps, pct_start=0.1)
    draw = random.Random(1)
    for _ in range(steps):
        items = [fact(draw, KNOWN, learned=True) for _ in range(32)]
        loss = model(
            **inputs_of(items, cutter), labels=as_labels([target_of(item, cutter) for item in items])
        ).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    with quiet_loading():
        model.save_pretrained(folder)
    return folder


def inputs_of(items: Sequence[Item], cutter: Any) -> dict[str, Any]:
    from bot.reading.batches import padded

    return dict(padded([cutter.cut(item.question, [item.context])[0].ids for item in items], cutter.pad_id))


def target_of(item: Item, cutter: Any) -> tuple[int, ...]:
    return tuple(cutter.target(item.references[0] if item.answerable else NO_ANSWER))


def example_of(item: Item) -> Example:
    if not item.answerable:
        return Example(item.question, item.context, "silence")
    (answer,) = item.answers
    return Example(item.question, item.context, "gold", answer.start, answer.start + len(answer.text))


def write_seed(folder: Path, base: Path) -> Path:
    """The adapter that the team starts with: it knows the known style, as the base does, and how sure to be."""
    found = locate(str(base))
    settings = TrainingSettings(r=16, alpha=32, learning_rate=1e-3, epochs=1, batch=16)
    build = write_build(
        folder / "build",
        base=found.name,
        base_sha256=found.sha256,
        seed_adapter=None,
        settings=settings,
        examples=map(example_of, facts(64, KNOWN, 2, learned=True)),
        calibration=facts(60, KNOWN, 3),
        notes={"id": "made-up-seed"},
    )
    return finetune(build, folder / "made-up-seed")


def ask_and_tell(loop: Loop, items: Sequence[Item]) -> int:
    """Asks each question of the reader in service and gives its answer the feedback of somebody who knows. Returns how
    many were right."""
    live = LiveReader(loop.registry, lambda adapter: loop.load(Path(adapter.folder)))
    encoder = HashingEncoder()
    answerer = Answerer(loop.store, Index(loop.store, encoder), encoder, live)  # type: ignore[arg-type]
    right = 0
    for number, item in enumerate(items):
        asked = Question("message", f"C1:{number}", item.question, "U1", scopes=(), context=item.context)
        answer = answerer.answer(asked)
        truth = item.references[0]
        liked = answer.text == truth
        right += liked
        given = Feedback(answer.id or 0, "U1", "up", "button")
        if not liked:
            given = Feedback(answer.id or 0, "U1", "down", "modal", reason="wrong", correction=truth)
        feedback.record(loop.store, given)
    return right


def scores_of(loop: Loop, items: Sequence[Item]) -> Scores:
    champion = loop.registry.champion()
    reader = loop.load(Path(champion.folder))
    return evaluate(reader, items, min_confidence=float(champion.card["min_confidence"]))[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made-up")


@pytest.fixture
def store(home: Path) -> Store:
    return open_store(home / "lorebot.db")


@pytest.mark.slow
def test_a_new_style_of_facts_is_learned_from_feedback_by_lora_alone(
    home: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    with one_thread():
        base = write_base(home / "base")
        hash_before = file_sha256(base / "model.safetensors")
        seed = write_seed(home, base)
        golden = home / "golden.jsonl"
        golden.write_text("".join(json.dumps(item_to_json(item)) + "\n" for item in facts(200, KNOWN, 4)))
        settings = Settings(home=home, base=str(base), reader="generative", adapter=seed, golden=golden)
        loop = open_loop(settings, store)
        known_test, new_test = facts(80, KNOWN, 5), facts(80, NEW, 6)
        known_before, new_before = scores_of(loop, known_test), scores_of(loop, new_test)

        right = ask_and_tell(loop, facts(240, NEW, 7, learned=True))
        options = Options(
            settings=TrainingSettings(
                learning_rate=3e-3, epochs=8, batch=16
            ),  # quicker, and it forgets silence
            margins=Margins(latency_factor=10),  # of a tiny model, time is mostly noise
        )
        finished = run_cycle(loop, by="U1", options=options)
        known_after, new_after = scores_of(loop, known_test), scores_of(loop, new_test)
    with capsys.disabled():
        print(f"\nanswered right before: {right} of 240; verdict: {finished.verdict.decision}")
        for name, before, after in (("known", known_before, known_after), ("new", new_before, new_after)):
            print(f"{name} facts: exact match {before.exact_match:.1f} before, {after.exact_match:.1f} after")
        print(f"base SHA-256 {hash_before[:16]}... before and after")
    assert known_before.exact_match >= 90
    assert new_before.exact_match <= 60
    assert finished.verdict.decision == "promote", finished.verdict.reasons
    assert loop.registry.champion().id == finished.run.candidate
    assert new_after.exact_match >= 85  # 93.8 where it was made; processors round differently
    assert known_after.exact_match >= 85
    assert file_sha256(base / "model.safetensors") == hash_before == loop.registry.champion().base_sha256


def test_the_grammar_has_words_for_everything_it_says() -> None:
    known = set(VOCABULARY)
    for style in (KNOWN, NEW):
        for item in facts(100, style, 8):
            assert {*item.question.split(), *item.context.split()} <= known
            assert all(item.context[a.start :].startswith(a.text) for a in item.answers)
