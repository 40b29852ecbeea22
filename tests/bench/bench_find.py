"""How well and how fast search finds: run `python tests/bench/bench_find.py`; `--speed` or `--quality` runs
one half.

Quality: the demo handbook's answerable questions; a hit is a passage of the right page with one of the
answers in it. Sameness: which pairs of questions would be recalled as one, and the cosines that SAME_COSINE
parts. Speed: `find` on 1,000 to 100,000 made-up passages against a plain product over all their vectors.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from bot.knowledge.index import DEPTH, Index  # noqa: E402
from bot.knowledge.learning import learn  # noqa: E402
from bot.knowledge.memory import find_answer  # noqa: E402
from bot.knowledge.sameness import SAME_COSINE, same_words  # noqa: E402
from bot.reading.encoder import Encoder, load_encoder  # noqa: E402
from bot.records import WORKSPACE, Found  # noqa: E402
from bot.store import Store, open_store  # noqa: E402

HANDBOOK = ROOT / "bot" / "playground" / "handbook"
QUESTIONS = ROOT / "tests" / "data" / "handbook-questions.jsonl"
DEPTHS = (1, 3, 5, 10)

SAME = (
    ("What is the notice period for contractors?", "notice period for contractors"),
    ("What is the notice period for contractors?", "what's the contractors' notice period"),
    ("What is the notice period for contractors?", "whats the notice period of a contractor"),
    ("How do I reset my password?", "how can I reset my password"),
    ("How do I reset my password?", "Please tell me how to reset a password"),
    ("Who approves travel expenses?", "who is approving the travel expenses?"),
    ("When does the Ghent office open?", "when does the ghent office open"),
    ("Which days is the canteen closed?", "what days is the canteen closed on?"),
    ("How many days of leave do I get?", "how many leave days do we get?"),
    ("Where can I park my bike?", "where do I park bikes"),
    ("Do I have to wear a badge?", "must I wear my badge?"),
    ("What's the limit of API v1?", "API v1 limit?"),
)
DIFFERENT = (
    ("What is the notice period for contractors?", "What is the notice period for employees?"),
    ("What's the limit of API v1?", "What's the limit of API v2?"),
    ("How heavy is the Wren?", "How heavy is the Heron?"),
    ("Can I take my laptop home?", "Can't I take my laptop home?"),
    ("Can I take my laptop home?", "Do I have to take my laptop home?"),
    ("Is the Wren cheaper than the Heron?", "Is the Heron cheaper than the Wren?"),
    ("When does the Ghent office open?", "When does the Ghent office close?"),
    ("When does the Ghent office open?", "Where does the Ghent office open?"),
    ("Who approves travel?", "When is travel approved?"),
    ("How many days of leave do I get after 5 years?", "How many days of leave do I get after 10 years?"),
    ("How long is parental leave?", "How long is sick leave?"),
    ("What do I do before a release?", "What do I do after a release?"),
    ("What was the price of the Wren?", "What is the price of the Wren?"),
    ("Who is the head of sales?", "Who is the head of support?"),
    ("How much is a C++ licence?", "How much is a C# licence?"),
    ("How long is the guarantee?", "How much is the guarantee?"),
    ("What happens with a doctor's note?", "What happens without a doctor's note?"),
    ("What is the maximum file size?", "What is the minimum file size?"),
)


def quality(store: Store, encoder: Encoder) -> None:
    learn(store, encoder, [HANDBOOK])
    questions = _questions()
    index = Index(store, encoder)
    ways: dict[str, Callable[[Found], float]] = {
        "words alone (BM25)": lambda found: -(found.bm25_rank or 1_000),
        "meaning alone (vectors)": lambda found: -(found.vector_rank or 1_000),
        "fused": lambda found: found.score,
    }
    ranks: dict[str, list[int | None]] = {way: [] for way in ways}
    for page, question, answers in questions:
        found = index.find(question, [WORKSPACE], 2 * DEPTH)
        for way, key in ways.items():
            best = sorted((each for each in found if key(each) > -1_000), key=key, reverse=True)
            ranks[way].append(_rank(best, page, answers))
    print(f"{len(questions)} questions; share with the answer's passage among the first n")
    print(f"{'':26}" + "".join(f"{f'@{depth}':>8}" for depth in DEPTHS))
    for way, of_way in ranks.items():
        shares = [
            sum(rank is not None and rank <= depth for rank in of_way) / len(of_way) for depth in DEPTHS
        ]
        print(f"{way:26}" + "".join(f"{share:8.1%}" for share in shares))


def sameness(encoder: Encoder) -> None:
    print("\npairs of questions: recalled as one; cosine alone at best")
    cosines: dict[str, list[float]] = {}
    for name, pairs in (("the same", SAME), ("different", DIFFERENT)):
        one, other = (encoder.encode([pair[side] for pair in pairs]) for side in (0, 1))
        cosines[name] = (one * other).sum(1).tolist()
        worded = [same_words(*pair) for pair in pairs]
        recalled = [
            words and cosine >= SAME_COSINE for words, cosine in zip(worded, cosines[name], strict=True)
        ]
        low, high = min(cosines[name]), max(cosines[name])
        print(f"{name:12} {sum(recalled)} of {len(pairs)} recalled; cosines {low:.2f} to {high:.2f}")
        agreeing = [cosine for cosine, words in zip(cosines[name], worded, strict=True) if words]
        print(f"{'':12} words agree: {len(agreeing)}, cosines from {min(agreeing, default=1):.2f}")
    parted = max(
        sum(cosine >= at for cosine in cosines["the same"])
        + sum(cosine < at for cosine in cosines["different"])
        for at in np.arange(0.5, 1.0, 0.005)
    )
    print(
        f"the best threshold on the cosine alone decides {parted} of {len(SAME) + len(DIFFERENT)} pairs rightly"
    )


def speed(folder: Path) -> None:
    print(
        f"\n{'passages':>9} {'plain product':>14} {'find':>9} {'ratio':>7} {'find, rare':>11} {'first load':>11}"
    )
    for count in (1_000, 10_000, 100_000):
        encoder = _Random()
        store = open_store(folder / f"{count}.db")
        matrix = _made_up(store, count)
        index = Index(store, encoder)
        first = _seconds(lambda: index.find("cold", [WORKSPACE]), 1)  # noqa: B023
        query = encoder.encode(["x"])[0]
        plain = _seconds(lambda: np.argsort(-(matrix @ query))[:DEPTH], 20)  # noqa: B023
        common = _seconds(lambda: index.find("what is the common word3 of topic5", [WORKSPACE]), 20)  # noqa: B023
        rare = _seconds(lambda: index.find("where is word17", [WORKSPACE]), 20)  # noqa: B023
        print(
            f"{count:9,} {plain * 1e3:11.2f} ms {common * 1e3:6.1f} ms {common / plain:6.1f}x"
            f" {rare * 1e3:8.1f} ms {first * 1e3:8.0f} ms"
        )


class _Random:
    """Vectors that mean nothing: only their number matters here."""

    dimension = 384

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.random.default_rng(len(texts)).standard_normal((len(texts), self.dimension), np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _made_up(store: Store, count: int) -> NDArray[np.float32]:
    """Passages of some 120 words, where "common" stands in one of five, "topic5" in one of fifty, "word17" in
    few."""
    matrix = _Random().encode([""] * count)
    chance = np.random.default_rng(7)
    with store.write() as db:
        db.table("documents").insert(
            {"source": "x", "title": "Made up", "scope": WORKSPACE, "sha256": "", "kind": "file"}
        )
        for row in range(count):
            words = [f"filler{word}" for word in chance.zipf(1.3, 110) if word < 50_000]
            words += [f"topic{chance.integers(50)}", f"word{chance.integers(2_000)}"]
            words += ["common"] if chance.random() < 0.2 else []
            db.execute(
                "INSERT INTO passages (document_id, scope, title, heading, text, start, ordinal, vector)"
                " VALUES (1, ?, 'Made up', '', ?, 0, ?, ?)",
                [WORKSPACE, " ".join(words), row, matrix[row].tobytes()],
            )
    return matrix


def _questions() -> list[tuple[str, str, list[str]]]:
    """(page, question, answers) of the answerable ones; a follow-up behind the question it follows."""
    rows = {row["id"]: row for row in map(json.loads, QUESTIONS.read_text(encoding="utf-8").splitlines())}
    return [
        (
            row["page"],
            " ".join(filter(None, (rows.get(row.get("follows"), {}).get("question"), row["question"]))),
            row["answers"],
        )
        for row in rows.values()
        if not row["is_impossible"]
    ]


def _rank(found: Sequence[Found], page: str, answers: Sequence[str]) -> int | None:
    for rank, each in enumerate(found, start=1):
        right_page = each.passage.source.endswith(f"/{page}")
        if right_page and any(find_answer(each.passage.text, answer) for answer in answers):
            return rank
    return None


def _seconds(work: Callable[[], object], times: int) -> float:
    """The median of several goes."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--speed", action="store_true")
    wanted = parser.parse_args()
    both = wanted.quality == wanted.speed
    with tempfile.TemporaryDirectory() as folder:
        if wanted.quality or both:
            encoder = load_encoder()
            quality(open_store(Path(folder) / "handbook.db"), encoder)
            sameness(encoder)
        if wanted.speed or both:
            speed(Path(folder))


if __name__ == "__main__":
    main()
