"""Annotations of public posts that are kept without the posts: a mark that tells which post, and what it says.

Owns the file `annotations.tsv` and how a post is found again. The words stay in the data folder; whoever has the
folder has the rows. Each post was read by a language model with the definitions and rulings that risk_train follows,
some twice (the second reading stands); how well it agrees with risk_train is on the model card.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from models.text import normalise
from stream.labels import Risk, SelfHarm, Sentiment, Stage

log = logging.getLogger(__name__)

FILE = Path(__file__).with_name("annotations.tsv")
"""Lines of mark, sentiment, stage, self-harm level and risk kinds (joined by commas), with tabs between."""
CUT = 220
"""Characters of a post that were read; the rest of a longer one was not shown."""

Annotation = Mapping[str, Any]
"""`sentiment`, `risks`, `stage` and `self_harm`, as a line of risk_train has them."""


def mark(text: str) -> str:
    """Sixteen hexadecimal digits, equal for posts whose normalised beginnings are equal."""
    return _mark(_shown(text))


def _shown(text: str) -> str:
    return normalise(text[:CUT])


def _mark(shown: str) -> str:
    return blake2b(shown.encode(), digest_size=8).hexdigest()


def read(path: Path = FILE) -> dict[str, Annotation]:
    """Mark → annotation.

    Raises:
        OSError: there is no such file.
        ValueError: a line is not an annotation; names its number.
    """
    found: dict[str, Annotation] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            post, sentiment, stage, self_harm, risks = line.split("\t")
            found[post] = {
                "sentiment": Sentiment(sentiment),
                "stage": Stage(stage),
                "self_harm": SelfHarm(self_harm),
                "risks": [Risk(risk) for risk in risks.split(",") if risk],
            }
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    return found


def find(posts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str, Annotation]]:
    """Of these (source, text) those that were read, each once: mark, source, normalised beginning and annotation."""
    left = read()
    known = len(left)
    for source, text in posts:
        shown = _shown(text)
        post = _mark(shown)
        if post in left:
            yield post, source, shown, left.pop(post)
    log.info("annotated posts: %d found of %d", known - len(left), known)
