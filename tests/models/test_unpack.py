"""What is shipped can be trained on: its float32 network says what the served graph says."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper

from models import encoder, export, unpack
from models.classifier import MODEL, TOKENIZER, WEIGHTS
from models.network import HEADS
from models.ngrams import Ngrams
from tests.models import small

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporters of torch and onnxruntime warn of themselves

IDS = torch.randint(4, 29, (12, 20), generator=torch.Generator().manual_seed(5)).tolist()


def network() -> encoder.PostEncoder:
    """A network whose every parameter matters, with an n-gram for each class beside it."""
    made = small.network(3)
    with torch.no_grad():
        for value in made.parameters():
            value.add_(torch.randn_like(value) * 0.05)
    made.ngrams = Ngrams(sum(encoder.HEADS.values()))
    made.ngrams.bias.copy_(torch.linspace(-1.0, 1.0, len(made.ngrams.bias)))
    return made.eval()


def said(model: encoder.PostEncoder, posts: list[list[int]]) -> np.ndarray:
    """(posts, classes of all heads) logits by torch."""
    with torch.no_grad():
        each = [model(torch.tensor([post]), torch.ones(1, len(post), dtype=torch.long)) for post in posts]
    return np.concatenate([torch.cat([logits[head] for head in HEADS], 1).numpy() for logits in each])


def test_a_network_comes_back_from_its_int8_graph(tmp_path: Path) -> None:
    """Same shape, n-grams and all; every matrix within half a step of int8, everything else as it was."""
    model = network()
    export.to_int8(model, tmp_path / "int8.onnx", IDS)
    back = unpack.unpacked(tmp_path / "int8.onnx")
    assert {k: v.shape for k, v in back.state_dict().items()} == {k: v.shape for k, v in model.state_dict().items()}
    assert back.bert.config.layer_norm_eps == pytest.approx(model.bert.config.layer_norm_eps)
    spread = said(model, IDS).std(0)
    assert float((np.abs(said(back, IDS) - said(model, IDS)).mean(0) / spread).mean()) < 0.03
    kept = [name for name in model.state_dict() if not name.endswith("weight") or "LayerNorm" in name]
    for name in kept:
        was, now = model.state_dict()[name], back.state_dict()[name]
        if "intermediate" in name:  # the units of a block change places
            was, now = was.sort().values, now.sort().values
        torch.testing.assert_close(now, was, atol=1e-5, rtol=1e-4)


def test_training_can_go_on_from_what_is_shipped(tmp_path: Path) -> None:
    """The folder loads, reads with the shipped tokenizer, and its log-odds are those of the served graph."""
    unpack.main(["--out", str(tmp_path)])
    model, tokenizer = encoder.load(tmp_path)
    assert tokenizer.to_str() == encoder.Tokenizer.from_file(str(WEIGHTS / TOKENIZER)).to_str()
    posts = [
        tokenizer.encode(text).ids for text in ("客服推诿,退款三个月没到账", "今天天气真好", "房间很干净,早餐一般")
    ]
    served = export.logits(WEIGHTS / MODEL, posts)
    assert np.abs(said(model, posts) - np.concatenate([served[head] for head in HEADS], 1)).max() < 0.15


def test_another_graph_is_refused_by_name(tmp_path: Path) -> None:
    """What export did not write is no network."""
    onnx.save(helper.make_model(helper.make_graph([], "empty", [], [])), tmp_path / "other.onnx")
    with pytest.raises(ValueError, match=r"other\.onnx is no graph that export wrote"):
        unpack.unpacked(tmp_path / "other.onnx")
