"""Fits `words/scales.toml`: how much the evidence of the word files weighs, from annotated posts.

    python -m models.fit_lexicon --data DIR     # reads DIR/labelled/risk_train.jsonl.gz

Run it after editing the words. Owns the fit only; which words there are is a person's choice. Logistic regressions
with a small ridge, each output seeing only inputs that a person would expect it to, full batches and no randomness.
"""

import argparse
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.lexicon import OUTPUTS, hooked, scaled
from models.text import normalise
from models.vocabulary import LABELS, WORDS, Vocabulary
from stream.labels import Risk, SelfHarm, Sentiment, Stage

_Array = npt.NDArray[np.float64]

_RIDGE = 2e-3
_STEPS = 800
_HARM_RECALL = 0.93
"""The self-harm threshold is the highest that still finds this share of the annotated posts with a word of danger.

Of what the lexicon alone noticed on the held posts, four of seven were in danger at this share and four of eleven at
0.95; at both, lexicon and network together missed none.
"""


def evidence(texts: Sequence[str], vocabulary: Vocabulary) -> _Array:
    """What the words say, scaled; one row a text, one column for each of LABELS, and a last column of ones."""
    weighed = (vocabulary.weigh(normalise(text)) for text in texts)
    return np.array([[*map(scaled, row), 1.0] for row in weighed])


def inputs(output: str) -> list[int]:
    """The columns an output may see: its own words, those of its kind where they compete, and what colours them."""
    kind = output.partition(".")[0]
    seen = {
        "sentiment": ("sentiment.", "risks."),
        "risks": (output, "sentiment."),
        "stages": (output, "risks."),
        "self_harm": ("self_harm.", "sentiment."),
    }[kind]
    return [i for i, label in enumerate(LABELS) if label.startswith(seen)] + [len(LABELS)]


def fit(rows: _Array, truth: _Array, outputs: Sequence[str]) -> _Array:
    """Slopes of a softmax over `outputs`: one column an output. `truth` holds ones and zeros, rows sum to 1."""
    allowed = np.zeros((rows.shape[1], len(outputs)))
    for column, output in enumerate(outputs):
        allowed[inputs(output), column] = 1.0
    spread = np.append(rows[:, :-1].std(axis=0) + 1e-6, 1.0)
    unit = rows / spread
    slopes, first, second = (np.zeros_like(allowed) for _ in range(3))
    for step in range(1, _STEPS + 1):  # Adam (Kingma and Ba 2015), full batch
        gradient = allowed * (unit.T @ (probabilities(unit, slopes) - truth) / len(rows) + _RIDGE * slopes)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        slopes -= 0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    fitted: _Array = slopes / spread[:, None]
    return fitted


def probabilities(rows: _Array, slopes: _Array) -> _Array:
    """Softmax of the logits."""
    logits = rows @ slopes
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    share: _Array = odds / odds.sum(axis=1, keepdims=True)
    return share


def scales(posts: Sequence[Mapping[str, Any]], vocabulary: Vocabulary) -> dict[str, dict[str, float]]:
    """The tables of `scales.toml`: for each of OUTPUTS its slopes, bias, and threshold where it has one."""
    texts = [post["text"] for post in posts]
    rows = evidence(texts, vocabulary)
    named = np.array([hooked(vocabulary.weigh(normalise(text))) for text in texts])
    tables: dict[str, dict[str, float]] = {}
    for kind, field, values in (
        ("sentiment", "sentiment", tuple(Sentiment)),
        ("stages", "stage", tuple(Stage)),
        ("self_harm", "self_harm", tuple(SelfHarm)),
    ):
        outputs = [f"{kind}.{value}" for value in values]
        truth = np.array([[float(post[field] == value) for value in values] for post in posts])
        # without a word of danger the classifier reads nothing else for self-harm either
        seen = (
            rows * np.append(named[:, None].repeat(len(LABELS), 1), np.ones((len(rows), 1)), 1)
            if kind == "self_harm"
            else rows
        )
        slopes = fit(seen, truth, outputs)
        tables |= {output: _table(slopes[:, column]) for column, output in enumerate(outputs)}
        if kind == "self_harm":
            danger = 1.0 - probabilities(seen, slopes)[:, 0]
            found = np.quantile(danger[(truth[:, 0] == 0) & named], 1.0 - _HARM_RECALL)
            tables[f"self_harm.{SelfHarm.CONCERN}"]["threshold"] = round(float(found), 3)
    for risk in Risk:
        output = f"risks.{risk}"
        carried = np.array([float(risk in post["risks"]) for post in posts])
        # a softmax of two, the other of which sees nothing, is the plain logistic
        slopes = fit(rows, np.column_stack([carried, 1.0 - carried]), [output, output])
        slope = slopes[:, 0] - slopes[:, 1]
        tables[output] = _table(slope)
        tables[output]["threshold"] = best_threshold(1.0 / (1.0 + np.exp(-rows @ slope)), carried)
    return {output: tables[output] for output in OUTPUTS}


def best_threshold(probability: _Array, truth: _Array) -> float:
    """The threshold between 0.1 and 0.6 with the best F1."""
    candidates = np.arange(0.1, 0.61, 0.02)
    f1 = [2 * truth[probability >= t].sum() / ((probability >= t).sum() + truth.sum()) for t in candidates]
    return round(float(candidates[int(np.argmax(f1))]), 2)


def _table(slopes: _Array) -> dict[str, float]:
    named = {LABELS[i]: round(float(slope), 3) for i, slope in enumerate(slopes[:-1]) if abs(slope) >= 0.03}
    return {"bias": round(float(slopes[-1]), 3), **named}


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds labelled/risk_train.jsonl.gz")
    parser.add_argument("--words", type=Path, default=WORDS, help="folder of the word files")
    arguments = parser.parse_args()
    with gzip.open(arguments.data / "labelled" / "risk_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    written = ["# Written by `python -m models.fit_lexicon`; run it again after editing the word files."]
    for output, table in scales(posts, Vocabulary(arguments.words)).items():
        written += ["", f'["{output}"]', *(f'"{key}" = {value}' for key, value in table.items())]
    (arguments.words / "scales.toml").write_text("\n".join(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
