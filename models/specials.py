"""The special pieces of a tokenizer: where a text begins and ends, what fills a row, what stands for the unknown.

Owns their names in the two families that encoders come in. Training and serving ask here, so that neither holds a
number that is true of one vocabulary only.
"""

from dataclasses import dataclass

from tokenizers import Tokenizer

_NAMES = (("<s>", "</s>", "<pad>", "<unk>"), ("[CLS]", "[SEP]", "[PAD]", "[UNK]"))
"""Of XLM-R and of BERT: begin, end, padding, unknown."""


@dataclass(frozen=True, slots=True)
class Specials:
    """Ids of the four."""

    begin: int
    end: int
    pad: int
    unknown: int

    def wrapped(self, ids: list[int]) -> list[int]:
        """A text's ids between begin and end."""
        return [self.begin, *ids, self.end]


def specials(tokenizer: Tokenizer) -> Specials:
    """The special pieces of this tokenizer.

    Raises:
        ValueError: it has neither family's.
    """
    for names in _NAMES:
        begin, end, pad, unknown = map(tokenizer.token_to_id, names)
        if begin is not None and end is not None and pad is not None and unknown is not None:
            return Specials(begin, end, pad, unknown)
    raise ValueError("the tokenizer has neither <s> </s> <pad> <unk> nor [CLS] [SEP] [PAD] [UNK]")
