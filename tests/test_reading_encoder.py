"""Vectors for search, from the real base."""

import numpy as np
import pytest

from bot.reading.encoder import Encoder, load_encoder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


def test_vectors_have_length_one_and_keep_their_order(encoder: Encoder) -> None:
    texts = ["a short one", "a much longer text " * 40, "", "a short one"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (4, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)
    assert vectors[0] @ vectors[3] == pytest.approx(1, abs=1e-3)


def test_a_passage_on_the_matter_is_nearer_than_one_on_another(encoder: Encoder) -> None:
    question, near, far = encoder.encode(
        [
            "How do I get my money back?",
            "Refunds are paid within ten days.",
            "The bike shed is behind the hall.",
        ]
    )
    assert question @ near > question @ far + 0.1


def test_no_text_gives_no_vector(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_a_text_alone_has_the_vector_it_has_in_a_batch(encoder: Encoder) -> None:
    texts = [f"text number {i} " * (i + 1) for i in range(12)]
    together = encoder.encode(texts)
    assert all(encoder.encode([text])[0] @ row > 0.999 for text, row in zip(texts, together, strict=True))


def test_it_gives_what_sentence_transformers_gives(encoder: Encoder) -> None:
    package = pytest.importorskip("sentence_transformers")
    from bot.reading.bases import locate

    texts = ["Who deploys on Friday?", "Größe 🎉", "word " * 400]
    theirs = package.SentenceTransformer(str(locate().folder), device="cpu").encode(
        texts, normalize_embeddings=True
    )
    assert (encoder.encode(texts) * theirs).sum(1) == pytest.approx(1, abs=1e-3)
