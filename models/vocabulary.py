"""The words that carry meaning: reads `words/*.toml` and weighs what a text says for each label.

Owns the word files, how words shadow, negate and scale one another, and the evidence that comes out. What the
evidence amounts to is `lexicon`'s affair. Aho-Corasick finds every word in one pass (Aho and Corasick 1975).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ahocorasick_rs import AhoCorasick, MatchKind

from models.text import normalise
from stream.labels import Risk, Sentiment, Stage
from stream.ports import Misconfigured

WORDS = Path(__file__).parent / "words"

_WEIGHTS: Mapping[str, float] = {"strong": 3.0, "clear": 1.5, "weak": 0.5}
_EVIDENCE: Mapping[str, Sequence[str]] = {
    "sentiment": tuple(Sentiment),
    "risks": tuple(Risk),
    "stages": tuple(Stage),
    "self_harm": ("concern", "crisis", "personal", "elsewhere"),
}
LABELS: Sequence[str] = tuple(f"{file}.{table}" for file, tables in _EVIDENCE.items() for table in tables)
"""What evidence is given for, in the order `Vocabulary.weigh` returns it."""

_DROPPED = -1
_TURNED: Mapping[int, int] = {
    i: LABELS.index(f"sentiment.{Sentiment.NEGATIVE}") if label == f"sentiment.{Sentiment.POSITIVE}" else _DROPPED
    for i, label in enumerate(LABELS)
    if label.startswith("risks.")
    or label in ("sentiment.positive", "sentiment.negative", "self_harm.concern", "self_harm.crisis")
}
"""What a label becomes behind a negation: not good is bad, but not bad is nothing yet."""
_DANGER = frozenset((LABELS.index("self_harm.concern"), LABELS.index("self_harm.crisis")))
"""Where strong, turned by a negation right before it only: 忍不住想死 and 睡不着想死 do want to die."""
_NEGATING = ("不", "没", "无", "别", "未")
_GAP = re.compile(r"^(.*[^.])\.\.([^.].*)$")
_GAP_WIDTH = 12
_NEGATION_REACH = 2
CLAUSE_ENDS = re.compile("[,.;!?。、… ]+")


class _Role(IntEnum):
    """What a pattern does besides carrying labels."""

    PLAIN = 0
    IDIOM = 1
    NEGATION = 2
    INTENSIFIER = 3
    DIMINISHER = 4


_SCALES = (1.0, 1.0, 1.0, 1.3, 0.6)
"""What each role does to the word right behind it."""
_NEGATION = int(_Role.NEGATION)


class _Pattern:
    """Everything one string means; several files may speak of the same string."""

    __slots__ = ("closes", "labels", "opens", "role")

    def __init__(self) -> None:
        self.labels: dict[int, float] = {}
        self.role = _Role.PLAIN
        self.opens: list[int] = []
        self.closes: list[tuple[int, int, float]] = []


_Meaning = tuple[
    int,
    tuple[tuple[int, float], ...],
    tuple[tuple[int, float], ...],
    tuple[tuple[int, float], ...],
    tuple[int, ...],
    tuple[tuple[int, int, float], ...],
]


class Vocabulary:
    """The words of one folder, ready to weigh texts. Immutable once built; safe to share between threads."""

    def __init__(self, folder: Path = WORDS) -> None:
        """Raises Misconfigured, naming file and key, when a file is missing, is not TOML or holds something else."""
        self._patterns: dict[str, _Pattern] = {}
        self._rules = 0
        for file, tables in _EVIDENCE.items():
            for table in tables:
                for level, words in _levels(folder, file, table, tuple(_WEIGHTS)):
                    for word in words:
                        self._add(word, LABELS.index(f"{file}.{table}"), _WEIGHTS[level])
        self._add_idioms(folder)
        content = b"".join((folder / f"{file}.toml").read_bytes() for file in (*_EVIDENCE, "idioms"))
        self.digest = blake2b(content, digest_size=8).hexdigest()
        self._meanings = self._settle()
        self._automaton = AhoCorasick(self._patterns, matchkind=MatchKind.LeftmostLongest)

    def weigh(self, text: str) -> list[float]:
        """Evidence, 0 or more, for each of LABELS in a text that `normalise` has made.

        The longest word at a place is taken, and each word counts once, by its first place.
        """
        evidence = [0.0] * len(LABELS)
        opened: dict[int, int] = {}
        seen: set[int] = set()
        before = negated = -_GAP_WIDTH
        scale = 1.0
        for number, start, end in self._automaton.find_matches_as_indexes(text):
            role, labels, denied, doubted, opens, closes = self._meanings[number]
            if number not in seen:
                seen.add(number)
                if start == negated:
                    labels = denied
                elif start - negated <= _NEGATION_REACH and not CLAUSE_ENDS.search(text, negated, start):
                    labels = doubted
                for label, weight in labels:
                    evidence[label] += weight * scale if start == before else weight
            for rule, label, weight in closes:
                if start - opened.pop(rule, -_GAP_WIDTH) < _GAP_WIDTH:
                    evidence[label] += weight
            for rule in opens:
                opened[rule] = end
            if role == _NEGATION:
                negated = end
            before, scale = end, _SCALES[role]
        return evidence

    def _settle(self) -> list[_Meaning]:
        """What each pattern means, with the labels of the words inside it that it does not speak of itself."""
        inside = AhoCorasick(self._patterns)
        patterns = list(self._patterns.values())
        settled: list[_Meaning] = []
        for name, pattern in self._patterns.items():
            labels, opens, closes = dict(pattern.labels), set(pattern.opens), set(pattern.closes)
            found = [] if pattern.role is _Role.IDIOM else inside.find_matches_as_indexes(name, overlapping=True)
            reach = dict.fromkeys(pattern.labels, len(name))
            idiom = 0
            # by start, longest first: one that ends before an earlier one's end lies inside it
            for number, start, end in sorted(found, key=lambda match: (match[1], -match[2])):
                inner = patterns[number]
                if end <= idiom:
                    continue
                if inner.role is _Role.IDIOM:
                    idiom = end
                opens.update(inner.opens)
                if inner.role is not _Role.NEGATION:  # the 不 of 不错 closes nothing
                    closes.update(inner.closes)
                turned = name[:start].endswith(_NEGATING)
                for label, weight in inner.labels.items():
                    if end > reach.get(label, 0) and not (turned and label in _TURNED):
                        reach[label] = end
                        labels[label] = labels.get(label, 0.0) + weight
            danger = {label: w for label, w in labels.items() if label in _DANGER and w >= _WEIGHTS["strong"]}
            behind = {_TURNED.get(label, label): weight for label, weight in labels.items()}
            behind.pop(_DROPPED, None)
            plain, denied, doubted = (tuple(each.items()) for each in (labels, behind, behind | danger))
            settled.append((int(pattern.role), plain, denied, doubted, tuple(opens), tuple(closes)))
        return settled

    def _add_idioms(self, folder: Path) -> None:
        for level, words in _levels(folder, "idioms", "idioms", ("silent", "positive", "negative")):
            for word in words:
                pattern = self._pattern(normalise(word))
                pattern.role = _Role.IDIOM
                if level != "silent":
                    pattern.labels[LABELS.index(f"sentiment.{level}")] = _WEIGHTS["clear"]
        for level, words in _levels(folder, "idioms", "modifiers", ("negations", "intensifiers", "diminishers")):
            for word in words:
                self._pattern(normalise(word)).role = _Role[level.upper().removesuffix("S")]

    def _pattern(self, word: str) -> _Pattern:
        return self._patterns.setdefault(word, _Pattern())

    def _add(self, word: str, label: int, weight: float) -> None:
        if gap := _GAP.match(word):
            first, second = (normalise(part) for part in gap.groups())
            self._pattern(first).opens.append(self._rules)
            self._pattern(second).closes.append((self._rules, label, weight))
            self._rules += 1
        else:
            labels = self._pattern(normalise(word)).labels
            labels[label] = max(weight, labels.get(label, 0.0))


def _levels(folder: Path, file: str, table: str, levels: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each level of one table with its words, checked."""
    path = folder / f"{file}.toml"
    try:
        content: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"word file {path}: {error}") from error
    known = _EVIDENCE.get(file, ("idioms", "modifiers"))
    if unknown := content.keys() - set(known):
        raise Misconfigured(f"word file {path}: unknown table [{min(unknown)}]; known are {', '.join(known)}")
    words = content.get(table)
    if not isinstance(words, dict) or words.keys() != set(levels):
        raise Misconfigured(f"word file {path}: [{table}] needs exactly the keys {', '.join(levels)}")
    for level in levels:
        listed = words[level]
        if not isinstance(listed, list) or not all(isinstance(w, str) and normalise(w) for w in listed):
            raise Misconfigured(f"word file {path}: {table}.{level} must be a list of words, none empty")
        yield level, listed
