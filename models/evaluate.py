"""Evaluation: any Classifier against the posts that were never trained on, per class, per source, with intervals.

    python -m models.evaluate --data DIR [--model DIR | --lexicon] [--guarded] [--json FILE] [--picture FILE]

Owns which sets answer which question. Does not own the arithmetic (`scores`) or the split (`data`). Texts are never
printed.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from itertools import cycle
from pathlib import Path

import numpy as np

from models import data
from models.classifier import WEIGHTS, OnnxClassifier
from models.data import Row
from models.guard import Guard
from models.lexicon import LexiconClassifier
from models.scores import (
    Array,
    Flags,
    PerClass,
    Value,
    accuracy,
    brier,
    calibration_error,
    load_at_recall,
    macro_f1,
    measured,
    micro_f1,
    per_class,
    precision,
    recall,
    reliability,
)
from stream.labels import Risk, SelfHarm, Sentiment, Stage
from stream.ports import Classifier
from stream.records import Judgement

_STARS = ("ChnSentiCorp_htl_all", "waimai_10k", "online_shopping_10_cats", "nlpcc2014_polarity_train")
_THREE = ("smp2020_virus_eval", "bdci2021_bank")
MOST = 2_000
_LONG, _SHORT = 170, 60
"""Characters: of reviews that drown something, and of cries that are drowned."""
_FEW = 30
"""Sources with fewer posts are not shown by themselves."""


@dataclass(slots=True)
class Report:
    """What was measured; `lines` shows it to a person."""

    revision: str
    scores: dict[str, Value] = field(default_factory=dict)
    """"set · what · metric" → score."""
    classes: dict[str, list[PerClass]] = field(default_factory=dict)
    sources: dict[str, Value] = field(default_factory=dict)
    """Source → macro-F1 of the sentiment on its posts."""
    plain: dict[str, float] = field(default_factory=dict)
    """Calibration error, Brier score and reviewer load, by name."""
    confusion: dict[str, list[list[int]]] = field(default_factory=dict)
    """Head → rows of truth, columns of what was said, in the enum's order."""
    curves: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The report as text, one table after another."""
        made = [f"revision {self.revision}", ""]
        made += [f"{name:<58} {value}" for name, value in self.scores.items()]
        for title, classes in self.classes.items():
            made += ["", f"{title:<14} {'precision':<24}{'recall':<24}{'F1':<24}posts"]
            made += [f"  {c.name:<12} {c.precision!s:<24}{c.recall!s:<24}{c.f1!s:<24}{c.support}" for c in classes]
        for title, table in self.confusion.items():
            names = [c.name for c in self.classes[title]]
            made += ["", f"{title + ': true, said →':<26}" + "".join(f"{name:>12}" for name in names)]
            made += [
                f"  {name:<24}" + "".join(f"{count:>12}" for count in row)
                for name, row in zip(names, table, strict=True)
            ]
        made += ["", "sentiment macro-F1 by source"]
        made += [f"  {name:<34} {value}" for name, value in self.sources.items()]
        return [*made, "", *(f"{name:<58} {value:.3f}" for name, value in self.plain.items())]

    def write(self, path: Path) -> None:
        """The report as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def picture(self, path: Path) -> None:
        """Draw the reliability curves: on the diagonal, what is said is what is seen."""
        from matplotlib.figure import Figure  # noqa: PLC0415 - judging needs no drawing

        figure = Figure(figsize=(6, 6), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        for name, points in self.curves.items():
            axes.plot([p[0] for p in points], [p[1] for p in points], marker="o", label=name)
        axes.set(xlabel="probability said", ylabel="share seen", title=self.revision)
        axes.legend()
        figure.savefig(path, dpi=120)


def evaluate(classifier: Classifier, test: Mapping[str, Sequence[Row]]) -> Report:
    """Judge the test sets of `data.tests` and score them.

    Raises:
        ValueError: a set has no posts to test on; names it.
    """
    for name in (*_STARS, *_THREE, "sos_hl_1k_train", "ckend_suicide_train", "risk_dev"):
        if not test[name]:
            raise ValueError(f"{name} has no posts to test on")
    report = Report(classifier.revision)
    for name in _STARS:
        _stars(report, name, _sample(test[name]), classifier)
    for name in _THREE:
        rows = _sample(test[name])
        truth, probs = _truth(rows, "sentiment", Sentiment), _probs(_judged(classifier, rows), "sentiment")
        report.scores[f"{name} · sentiment · macro-F1"] = measured(macro_f1, truth, _likeliest(probs))
    _distress(report, test, classifier)
    _drowned(report, test, classifier)
    _judgements(report, test["risk_dev"], classifier)
    return report


def _judgements(report: Report, rows: Sequence[Row], classifier: Classifier) -> None:
    """Every head on the posts that were annotated with the whole judgement."""
    said = _judged(classifier, rows)
    risks = np.array([[row.risks[risk] == 1 for risk in Risk] for row in rows])
    found = np.array([[risk in judgement.risks for risk in Risk] for judgement in said])
    report.scores["risk_dev · risks · macro-F1"] = measured(macro_f1, risks, found)
    report.scores["risk_dev · risks · micro-F1"] = measured(micro_f1, risks, found)
    report.classes["risks"] = per_class(list(Risk), risks, found)
    _probabilities(report, "risks", risks, np.array([judgement.risk_probs for judgement in said]))
    for head, kinds in (("sentiment", Sentiment), ("stage", Stage), ("self_harm", SelfHarm)):
        truth = _truth(rows, head, kinds)
        chosen = np.array([[getattr(judgement, head) == kind for kind in kinds] for judgement in said])
        report.scores[f"risk_dev · {head} · macro-F1"] = measured(macro_f1, truth, chosen)
        report.classes[head] = per_class(list(kinds), truth, chosen)
        report.confusion[head] = (truth.T.astype(int) @ chosen.astype(int)).tolist()
        _probabilities(report, head, truth, _probs(said, head))
        if head == "sentiment":
            report.sources = _by_source(rows, truth, chosen)
        if head == "self_harm":
            some, alarm = ~truth[:, :1], ~chosen[:, :1]
            report.scores["risk_dev · concern or crisis · precision"] = measured(precision, some, alarm)
            report.scores["risk_dev · concern or crisis · recall"] = measured(recall, some, alarm)
            chance = 1 - _probs(said, head)[:, 0]
            for wanted in (0.9, 0.95, 0.99):
                threshold, load = load_at_recall(some[:, 0], chance, wanted)
                report.plain[f"self-harm: share read for recall {wanted}"] = load
                report.plain[f"self-harm: threshold for recall {wanted}"] = threshold
    report.plain["uncertain share of risk_dev"] = float(np.mean([judgement.uncertain for judgement in said]))


def _probabilities(report: Report, head: str, truth: Flags, probs: Array) -> None:
    report.plain[f"ECE {head}"] = calibration_error(truth, probs)
    report.plain[f"Brier {head}"] = brier(truth, probs)
    report.curves[head] = reliability(truth.ravel(), probs.ravel())


def _stars(report: Report, name: str, rows: Sequence[Row], classifier: Classifier) -> None:
    """Two classes: whichever of positive and negative is likelier."""
    probs = _probs(_judged(classifier, rows), "sentiment")
    truth = _truth(rows, "sentiment", Sentiment)[:, [0, 2]]
    report.scores[f"{name} · two sentiments · accuracy"] = measured(accuracy, truth, _likeliest(probs[:, [0, 2]]))


def _distress(report: Report, test: Mapping[str, Sequence[Row]], classifier: Classifier) -> None:
    """High against low among posts that all talk of suicide: whether crisis is likelier than concern."""
    rows = test["sos_hl_1k_train"]
    high = np.array([[SelfHarm.CRISIS in row.self_harm.among] for row in rows])
    probs = _probs(_judged(classifier, rows), "self_harm")
    report.scores["sos_hl_1k_train · high risk · F1"] = measured(micro_f1, high, probs[:, 2:] > probs[:, 1:2])
    ordinary = [row for row in test["ckend_suicide_train"] if row.self_harm.among == (SelfHarm.NONE,)]
    alarms = [judgement.self_harm is not SelfHarm.NONE for judgement in _judged(classifier, ordinary)]
    report.plain["self-harm: false alarms on ordinary Weibo"] = float(np.mean(alarms))


def _drowned(report: Report, test: Mapping[str, Sequence[Row]], classifier: Classifier) -> None:
    """Short cries that are heard by themselves, each amid three long reviews; and these reviews by themselves."""
    reviews = [row for row in test["ChnSentiCorp_htl_all"] if len(row.text) >= _LONG]
    cries = [row for row in test["risk_dev"] if len(row.text) <= _SHORT and SelfHarm.NONE not in row.self_harm.among]
    alone = _judged(classifier, cries)
    heard = [cry for cry, judgement in zip(cries, alone, strict=True) if judgement.self_harm is not SelfHarm.NONE]
    amid = [
        replace(cry, text=_amid(review.text, cry.text)) for cry, review in zip(heard * 3, cycle(reviews), strict=False)
    ]
    for name, rows in (("cries heard amid a long review", amid), ("false alarms on long reviews", reviews)):
        if rows:
            said = [judgement.self_harm is not SelfHarm.NONE for judgement in _judged(classifier, rows)]
            report.plain[f"self-harm: {name}"] = float(np.mean(said))


def _amid(text: str, said: str) -> str:
    """A text with something said at the first comma or stop behind its middle."""
    half = len(text) // 2
    at = next((at for at, each in enumerate(text[half:], half + 1) if each in "。,!?;"), len(text))
    return f"{text[:at]}{said}。{text[at:]}"


def _sample(rows: Sequence[Row]) -> Sequence[Row]:
    """At most about MOST rows, evenly spread: the interval is narrow enough by then."""
    return rows[:: -(-len(rows) // MOST)]


def _judged(classifier: Classifier, rows: Sequence[Row]) -> list[Judgement]:
    return classifier.classify([row.text for row in rows])


def _truth(rows: Sequence[Row], head: str, kinds: type[StrEnum]) -> Flags:
    return np.array([[getattr(row, head).among == (kind,) for kind in kinds] for row in rows])


def _probs(said: Sequence[Judgement], head: str) -> Array:
    return np.array([getattr(judgement, f"{head}_probs") for judgement in said])


def _likeliest(probs: Array) -> Flags:
    return np.asarray(np.arange(probs.shape[1]) == probs.argmax(1)[:, None])


def _by_source(rows: Sequence[Row], truth: Flags, chosen: Flags) -> dict[str, Value]:
    sources = np.array([row.source for row in rows])
    names, sizes = np.unique(sources, return_counts=True)
    return {
        str(name): measured(macro_f1, truth[sources == name], chosen[sources == name])
        for name, size in zip(names, sizes, strict=True)
        if size >= _FEW
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the report of one classifier."""
    parser = argparse.ArgumentParser(description="Score a classifier on posts that were never trained on.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=WEIGHTS)
    parser.add_argument("--lexicon", action="store_true", help="score the lexicon instead")
    parser.add_argument(
        "--guarded", action="store_true", help="score the network with the lexicon beside it, as served"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args(arguments)
    lexicon = LexiconClassifier()
    classifier: Classifier = lexicon if given.lexicon else OnnxClassifier(given.model, threads=2)
    if given.guarded:
        classifier = Guard(classifier, lexicon)
    report = evaluate(classifier, data.tests(given.data))
    print("\n".join(report.lines()))  # noqa: T201 - the report is this command's output
    if given.json:
        report.write(given.json)
    if given.picture:
        report.picture(given.picture)


if __name__ == "__main__":
    main()
