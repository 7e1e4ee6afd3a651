"""The network: a BERT encoder with four heads, one forward pass a batch; beside it, when it is done, its n-grams.

Owns the shape of the heads and how a checkpoint folder is written and read. Does not own losses (`learning`), what
n-grams say (`ngrams`) or serving (`classifier`).
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoTokenizer, BertConfig, BertModel

from models.ngrams import Ngrams
from stream.labels import Risk, SelfHarm, Sentiment, Stage

# what the hub's client retries is told once, in the error of whoever asked for a checkpoint
logging.getLogger("huggingface_hub").setLevel(logging.ERROR)

HEADS: dict[str, int] = {
    "sentiment": len(Sentiment),
    "risks": len(Risk),
    "stage": len(Stage),
    "self_harm": len(SelfHarm),
}
MAX_TOKENS = 128
"""Pieces a text is cut to, `<s>` and `</s>` included: about 165 characters."""


class Attend(nn.Module):
    """A head that looks where it wants: mean of all tokens beside a mean weighted by one learned query, then linear."""

    def __init__(self, hidden: int, classes: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden, 1, bias=False)
        self.out = nn.Linear(2 * hidden, classes)
        self.dropout = nn.Dropout(0.1)
        nn.init.zeros_(self.query.weight)  # begins as the plain mean

    def forward(self, tokens: Tensor, mask: Tensor, mean: Tensor) -> Tensor:
        """(batch, tokens, hidden), (batch, tokens) of 1 and 0, (batch, hidden) → (batch, classes)."""
        scores = self.query(tokens).squeeze(-1) + (mask - 1.0) * 1e4
        weighted = torch.einsum("bt,bth->bh", scores.softmax(-1), tokens)
        return self.out(self.dropout(torch.cat([mean, weighted], dim=-1)))  # type: ignore[no-any-return]


def by_head(logits: Tensor) -> dict[str, Tensor]:
    """(batch, all classes) in the order of HEADS → head → (batch, classes)."""
    return dict(zip(HEADS, torch.split(logits, list(HEADS.values()), dim=1), strict=True))


class PostEncoder(nn.Module):
    """Token ids to four heads of logits."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        # the fused attention's backward pass is four times slower than the plain one on a CPU in bfloat16
        self.bert = BertModel._from_config(config, add_pooling_layer=False, attn_implementation="eager")  # type: ignore[no-untyped-call]
        self.heads = nn.ModuleDict({name: Attend(config.hidden_size, n) for name, n in HEADS.items()})
        self.ngrams: Ngrams | None = None  # what they say is added to the heads

    def forward(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """(batch, tokens) ids and mask of 1 and 0 → logits by head, (batch, classes)."""
        return self.read(ids, mask)[0]

    def read(self, ids: Tensor, mask: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """As `forward`, with the mean of the last layer's tokens, (batch, hidden)."""
        tokens = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.to(tokens.dtype)
        mean = (tokens * weight.unsqueeze(-1)).sum(1) / weight.sum(1, keepdim=True)
        logits = {name: head(tokens, weight, mean) for name, head in self.heads.items()}
        if self.ngrams is not None:
            beside = by_head(self.ngrams(ids, mask))
            logits = {name: said + beside[name] for name, said in logits.items()}
        return logits, mean

    def every(self, layers: Sequence[int]) -> "PostEncoder":
        """A smaller encoder begun from these layers (counted from 0), the embeddings and the heads of this one."""
        config = BertConfig(**{**self.bert.config.to_dict(), "num_hidden_layers": len(layers)})
        small = PostEncoder(config)
        small.bert.embeddings.load_state_dict(self.bert.embeddings.state_dict())
        for to, source in enumerate(layers):
            small.bert.encoder.layer[to].load_state_dict(self.bert.encoder.layer[source].state_dict())
        small.heads.load_state_dict(self.heads.state_dict())
        return small


def pretrained(name: str) -> tuple[PostEncoder, Tokenizer]:
    """A pretrained BERT of this hub name or folder, with its tokenizer and fresh heads.

    Raises:
        ValueError: it is no BERT, or has no fast tokenizer.
        OSError: it cannot be had.
    """
    config = AutoConfig.from_pretrained(name)
    if config.model_type != "bert":
        raise ValueError(f"{name} is of type {config.model_type}; a base must be a BERT")
    model = PostEncoder(config)
    bert = BertModel.from_pretrained(name, add_pooling_layer=False)
    model.bert.load_state_dict(bert.state_dict())
    tokenizer = getattr(AutoTokenizer.from_pretrained(name), "backend_tokenizer", None)
    if tokenizer is None:
        raise ValueError(f"{name} has no fast tokenizer")
    return model, tokenizer


def save(model: PostEncoder, tokenizer: Tokenizer, folder: Path) -> None:
    """Write `config.json`, `tokenizer.json` and `model.pt` so that `load` gives the same network."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(model.bert.config.to_dict(), indent=1, default=str))
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.save(model.state_dict(), folder / "model.part")
    (folder / "model.part").replace(folder / "model.pt")  # last and whole: the file says that the folder is complete


def load(folder: Path) -> tuple[PostEncoder, Tokenizer]:
    """The network of a folder that `save` wrote, in evaluation mode.

    Raises:
        FileNotFoundError: one of the three files is missing.
    """
    config = BertConfig(**json.loads((folder / "config.json").read_text()))
    model = PostEncoder(config)
    state = torch.load(folder / "model.pt", weights_only=True)
    if any(name.startswith("ngrams.") for name in state):
        model.ngrams = Ngrams(sum(HEADS.values()))
    model.load_state_dict(state)
    return model.eval(), Tokenizer.from_file(str(folder / "tokenizer.json"))


def mean(folders: Sequence[Path]) -> tuple[PostEncoder, Tokenizer]:
    """The network whose weights are the mean of those in the folders, all of one shape and one vocabulary.

    Raises:
        FileNotFoundError: as `load`.
    """
    networks, tokenizers = zip(*map(load, folders), strict=True)
    states = [network.state_dict() for network in networks]
    made = networks[0]
    made.load_state_dict({name: sum(state[name] for state in states) / len(states) for name in states[0]})
    return made, tokenizers[0]
