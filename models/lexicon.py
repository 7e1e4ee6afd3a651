"""LexiconClassifier: judges by words alone, without a model; the judge until one is loaded and the net beneath it.

Owns how evidence becomes a judgement. The words are `vocabulary`'s; the slopes, biases and thresholds stand in
`words/scales.toml`, fitted to annotated posts by `python -m models.fit_lexicon`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from math import exp, log1p
from pathlib import Path
from typing import Any

from models.guard import heard
from models.text import AT, HAN, normalise
from models.vocabulary import CLAUSE_ENDS, LABELS, WORDS, Vocabulary
from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.ports import Misconfigured
from stream.records import Judgement

OUTPUTS: Sequence[str] = (
    *(f"sentiment.{value}" for value in Sentiment),
    *(f"risks.{value}" for value in Risk),
    *(f"stages.{value}" for value in Stage),
    *(f"self_harm.{value}" for value in SelfHarm),
)
"""The logits, in the order of Judgement's probabilities."""

_RISKS = slice(len(Sentiment), len(Sentiment) + len(Risk))
_STAGES = slice(_RISKS.stop, _RISKS.stop + len(Stage))
_HARM = slice(_STAGES.stop, len(OUTPUTS))
_SENTIMENTS, _ALL_RISKS, _ALL_STAGES, _LEVELS = tuple(Sentiment), tuple(Risk), tuple(Stage), tuple(SelfHarm)

_HOOKS = (LABELS.index("self_harm.concern"), LABELS.index("self_harm.crisis"))
_HOOK = 0.5
"""Evidence of danger below this is none: sadness and "I" alone would send guardians half of what is ever posted."""
_CRY = 3.0
"""Evidence of danger, one strong word, by which a clause may be a plain cry."""
_PERSONAL, _ELSEWHERE = LABELS.index("self_harm.personal"), LABELS.index("self_harm.elsewhere")
_BARE = 9
"""A clause of at most so many characters has room for the cry alone."""
_BROKEN_UP = re.compile(
    rf"(?<={HAN})[*/|·_\-【】 ]+(?={HAN}(?!{HAN}))|(?<=(?<!{HAN}){HAN})[*/|·_\-【】]+(?={HAN})",
)
"""What stands before or behind one character alone, in a word that is to pass a platform's filter: 不/想/活/了."""
_SURE_SENTIMENT = 0.5
"""A best sentiment below this is uncertain."""
_NEAR = 0.8
"""A risk or self-harm probability between this share of its threshold and its inverse is uncertain."""


def cries(vocabulary: Vocabulary, text: str) -> Iterator[Sequence[float]]:
    """Evidence of each clause of a normalised text that is a plain cry when it is read alone.

    Whoever despairs of a company writes of the company in all the other clauses.
    """
    for clause in CLAUSE_ENDS.split(text):
        evidence = vocabulary.weigh(clause)
        personal, elsewhere = evidence[_PERSONAL], evidence[_ELSEWHERE]
        if _danger(evidence) >= _CRY and (personal > elsewhere or (len(clause) <= _BARE and not elsewhere)):
            yield evidence


def _danger(evidence: Sequence[float]) -> float:
    return sum(evidence[hook] for hook in _HOOKS)


def hooked(evidence: Sequence[float]) -> bool:
    """Whether at least one clear word of danger stands in the text; without it there is no self-harm signal."""
    return _danger(evidence) >= _HOOK


def scaled(evidence: float) -> float:
    """Evidence as the logits read it: the tenth word of a kind adds less than the first."""
    return 2.0 * log1p(evidence / 2.0)


class LexiconClassifier:
    """Classifier over the words of one folder. Pure Python arithmetic, so no batch changes a last digit."""

    def __init__(self, folder: Path = WORDS) -> None:
        """Raises Misconfigured, naming file and key, when a word file or the scales cannot be used."""
        self._vocabulary = Vocabulary(folder)
        scales = _Scales(folder / "scales.toml")
        self._biases, self._slopes, self._thresholds = scales.biases, scales.slopes, scales.thresholds
        self._harm_threshold = scales.harm_threshold
        self._least_risk = min(self._thresholds) * _NEAR
        digest = blake2b(f"{self._vocabulary.digest}{scales.digest}".encode(), digest_size=2).hexdigest()
        self.revision = f"lexicon-1-{digest}"
        self._silent = replace(self._judgement(self._biases), uncertain=False)
        self._unknown = replace(self._silent, uncertain=True)

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, same length and order; any string will do."""
        return heard(self._each, texts)

    def _each(self, texts: Sequence[str]) -> list[Judgement]:
        return [self._classify(text) for text in texts]

    def _classify(self, text: str) -> Judgement:
        normal = aloud = normalise(text)
        evidence = dangers = self._vocabulary.weigh(normal)
        if "@" in normal:  # of words right behind a mention nobody can tell where the name ends: all are heard
            aloud = normalise(AT.sub(" ", text))
        aloud = _BROKEN_UP.sub("", aloud)
        if aloud != normal:
            dangers = self._vocabulary.weigh(aloud)
        if not any(evidence) and not any(dangers):
            return self._unknown if normal else self._silent
        logits = self._logits(evidence)
        if _danger(dangers) >= _CRY:
            alone = [self._logits(cry)[_HARM] for cry in cries(self._vocabulary, aloud)]
            worst = max([logits[_HARM], *alone], key=self._alarm)
            logits[_HARM] = worst
        return self._judgement(logits)

    def _logits(self, evidence: Sequence[float]) -> list[float]:
        logits = list(self._biases)
        for label, amount in enumerate(evidence):
            if amount:
                strength = scaled(amount)
                for output, slope in self._slopes[label]:
                    logits[output] += slope * strength
        if not hooked(evidence):
            logits[_HARM] = self._biases[_HARM]
        return logits

    def _alarm(self, logits: Sequence[float]) -> tuple[int, float]:
        """Place in SelfHarm and probability of any danger, of the logits of self-harm."""
        none, concern, crisis = _softmax(logits)
        danger = 1.0 - none
        return 0 if danger < self._harm_threshold else 1 if concern > crisis else 2, danger

    def _judgement(self, logits: Sequence[float]) -> Judgement:
        sentiment = _softmax(logits[: _RISKS.start])
        risk_probs = tuple([1.0 / (1.0 + exp(-x)) for x in logits[_RISKS]])
        stage = _softmax(logits[_STAGES])
        harm = _softmax(logits[_HARM])
        level, danger = self._alarm(logits[_HARM])
        uncertain = max(sentiment) < _SURE_SENTIMENT or _near(danger, self._harm_threshold)
        risks: list[Risk] = []
        if max(risk_probs) >= self._least_risk:
            for risk, probability, threshold in zip(_ALL_RISKS, risk_probs, self._thresholds, strict=True):
                if probability >= threshold:
                    risks.append(risk)
                uncertain = uncertain or _near(probability, threshold)
        return Judgement(
            sentiment=_SENTIMENTS[sentiment.index(max(sentiment))],
            sentiment_probs=sentiment,  # type: ignore[arg-type]  # as many as logits
            risks=tuple(risks),
            risk_probs=risk_probs,
            stage=_ALL_STAGES[stage.index(max(stage))],
            stage_probs=stage,
            self_harm=_LEVELS[level],
            self_harm_probs=harm,  # type: ignore[arg-type]  # as many as logits
            uncertain=uncertain,
            revision=self.revision,
        )


class _Scales:
    """The fitted numbers of one file, checked."""

    def __init__(self, path: Path) -> None:
        try:
            content = path.read_bytes()
            tables: Mapping[str, Any] = tomllib.loads(content.decode())
        except (OSError, ValueError) as error:
            raise Misconfigured(f"scales {path}: {error}") from error
        self.digest = blake2b(content, digest_size=8).hexdigest()
        self.slopes: list[list[tuple[int, float]]] = [[] for _ in LABELS]
        self.biases: list[float] = []
        for number, output in enumerate(OUTPUTS):
            table = tables.get(output)
            if not isinstance(table, dict) or not all(isinstance(value, float) for value in table.values()):
                raise Misconfigured(f"scales {path}: needs a table ['{output}'] of numbers with a decimal point")
            if unknown := table.keys() - {"bias", "threshold", *LABELS}:
                raise Misconfigured(f"scales {path}: ['{output}'] has the unknown key {min(unknown)}")
            self.biases.append(self._number(path, tables, output, "bias"))
            for label, slope in table.items():
                if label in LABELS:
                    self.slopes[LABELS.index(label)].append((number, slope))
        self.thresholds = [self._number(path, tables, output, "threshold") for output in OUTPUTS[_RISKS]]
        self.harm_threshold = self._number(path, tables, OUTPUTS[_HARM.start + 1], "threshold")

    @staticmethod
    def _number(path: Path, tables: Mapping[str, Any], output: str, key: str) -> float:
        if key not in tables[output]:
            raise Misconfigured(f"scales {path}: ['{output}'] needs the key {key}")
        return float(tables[output][key])


def _softmax(logits: Sequence[float]) -> tuple[float, ...]:
    most = max(logits)
    odds = [exp(x - most) for x in logits]
    total = sum(odds)
    return tuple([x / total for x in odds])


def _near(probability: float, threshold: float) -> bool:
    return threshold * _NEAR < probability < threshold / _NEAR
