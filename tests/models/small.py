"""A network small enough to train in a test, and a tokenizer of single characters for it."""

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig

from models.encoder import PostEncoder

CHARACTERS = "好坏吃喝退款慢快店员客服不要死活高兴难过车喜欢东西"


def tokenizer() -> Tokenizer:
    """One piece a character, special pieces as BERT has them."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *CHARACTERS]
    made = Tokenizer(models.WordPiece({name: at for at, name in enumerate(names)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()  # stands each Han character by itself
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def shape(layers: int = 2) -> BertConfig:
    """A BERT of 32 dimensions."""
    return BertConfig(
        vocab_size=4 + len(CHARACTERS),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=300,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def network(layers: int = 2) -> PostEncoder:
    """With the same random weights each time."""
    torch.manual_seed(3)
    return PostEncoder(shape(layers))
