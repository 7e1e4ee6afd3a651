"""N-grams beside a network: what was learned speaks, what was not is silent, and the served graph says the same."""

from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from models import batches, encoder, export, learning, ngrams  # noqa: E402
from models.data import Row  # noqa: E402
from models.mapping import Partial  # noqa: E402
from models.specials import specials  # noqa: E402
from stream.labels import Sentiment  # noqa: E402
from tests.models import small  # noqa: E402
from tests.models.test_export import served  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporters of torch and onnxruntime warn of themselves

LIKED, DISLIKED = ("不好坏", "喜欢车"), ("好不坏", "欢车喜")
"""The same pieces in another order."""


def reader() -> ngrams.Ngrams:
    """Has read LIKED as positive and DISLIKED as negative, forty times each."""
    said = {**dict.fromkeys(LIKED, Sentiment.POSITIVE), **dict.fromkeys(DISLIKED, Sentiment.NEGATIVE)}
    rows = [Row("set", "set", text, sentiment=Partial((mood,), tuple(Sentiment))) for text, mood in said.items()] * 40
    loss_of = learning.LabelLoss(batches.labels(rows))
    return ngrams.fit(
        batches.encode(small.tokenizer(), [row.text for row in rows]),
        sum(encoder.HEADS.values()),
        lambda given, at: loss_of(encoder.by_head(given), at),
    )


def sentiments(made: ngrams.Ngrams, texts: tuple[str, ...]) -> torch.Tensor:
    """(texts, 3), read in one padded batch."""
    tokenizer = small.tokenizer()
    ids = batches.encode(tokenizer, texts)
    batch = batches.collate(ids, np.arange(len(ids)), specials(tokenizer))
    return encoder.by_head(made(batch.ids, batch.mask))["sentiment"]


def test_an_order_of_pieces_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no piece tells by itself, the pieces in their order do."""
    monkeypatch.setattr(ngrams, "_EPOCHS", 40)
    made = reader()
    assert sentiments(made, LIKED).argmax(1).tolist() == [2, 2]
    assert sentiments(made, DISLIKED).argmax(1).tolist() == [0, 0]


def test_what_was_never_read_says_nothing() -> None:
    """Of a text whose grams are all new, all that is said is how common the classes are."""
    made = reader()
    special = specials(small.tokenizer())
    new = torch.tensor([[special.unknown, special.pad + 20, special.unknown]])
    assert torch.equal(made(new, torch.ones_like(new))[0], made.bias)


def test_padding_says_nothing() -> None:
    """A text beside a longer one is read as it is alone."""
    made = reader()
    torch.testing.assert_close(sentiments(made, (LIKED[0], "喜欢车" * 20))[:1], sentiments(made, LIKED[:1]))


def test_a_bucket_keeps_the_gram_that_is_worth_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two grams share a bucket, the one that tells more stays, and the other is not taken for it."""
    monkeypatch.setattr(ngrams, "BUCKETS", 1)
    made = reader()
    held = int(made.held[0])
    ids = torch.tensor(batches.encode(small.tokenizer(), [*LIKED, *DISLIKED]))
    moved = (made(ids, torch.ones_like(ids)) != made.bias).any(1)
    has = torch.cat(ngrams.grams(ids), 1).eq(held).any(1)
    assert torch.equal(moved, has)
    assert 0 < int(has.sum()) < 4


def test_the_served_graph_reads_them_too(tmp_path: Path) -> None:
    """Written, read back and served, a network with n-grams says what it said; without them it says something else."""
    alone, both = small.network().eval(), small.network().eval()
    both.ngrams = reader()
    encoder.save(both, small.tokenizer(), tmp_path)
    loaded, tokenizer = encoder.load(tmp_path)
    ids = torch.tensor(batches.encode(tokenizer, [*LIKED, *DISLIKED]))
    with torch.no_grad():
        network, paired = (
            np.concatenate([said.numpy() for said in made(ids, torch.ones_like(ids)).values()], 1)
            for made in (alone, loaded)
        )
    graph: onnx.ModelProto = export.fused(loaded)
    np.testing.assert_allclose(served(graph, ids.tolist()), paired, atol=5e-3)  # words are int8
    assert np.abs(paired - network).max() > 0.05
