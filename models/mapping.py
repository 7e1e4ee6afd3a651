"""What the sets' labels mean in our taxonomy, all of it in one place.

Owns the mapping from each set's label space to ours, how often a set is seen in an epoch, and whose word counts where
two differ. Does not own rows or which of them are never trained on (`data`).

A label here is partial: a set of classes the truth is `among`, out of the classes `between` which this set decides.
Star ratings say which of positive and negative, not whether it is neutral; "1" in weibo2018 means not negative.
Both masks empty means that the set says nothing on that head.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stream.labels import Risk, SelfHarm, Sentiment, Stage

NEG, NEU, POS = Sentiment
Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Partial:
    """The truth is `among` these classes, out of those `between` which the label decides."""

    among: tuple[str, ...] = ()
    between: tuple[str, ...] = ()


UNSAID = Partial()

Labels = dict[str, Any]
"""Fields of Row that a mapping fills."""


def _sentiment(*among: Sentiment, between: Sequence[Sentiment] = tuple(Sentiment)) -> Partial:
    return Partial(tuple(among), tuple(between))


def _self_harm(*among: SelfHarm) -> Partial:
    return Partial(tuple(among), tuple(SelfHarm))


_NO_HARM = _self_harm(SelfHarm.NONE)


def judged(raw: Raw) -> Labels:
    """A reading by our own definitions: it says everything on every head."""
    return {
        "sentiment": _sentiment(Sentiment(raw["sentiment"])),
        "risks": {risk: float(risk in raw["risks"]) for risk in Risk},
        "stage": Partial((raw["stage"],), tuple(Stage)),
        "self_harm": _self_harm(SelfHarm(raw["self_harm"])),
    }


def _stars(raw: Raw) -> Labels:
    # of rows annotated twice, a quarter of the hotel set's "1" is mixed or worse: stars cannot teach neutral
    return {"sentiment": _sentiment(POS if int(raw["label"]) else NEG, between=(NEG, POS)), "self_harm": _NO_HARM}


def _not_negative(raw: Raw) -> Labels:
    return {"sentiment": _sentiment(NEU, POS) if int(raw["label"]) else _sentiment(NEG)}


def _three(raw: Raw) -> Labels:
    return {"sentiment": _sentiment(Sentiment(raw["label"])), "self_harm": _NO_HARM}


_EMOTION = {"happy": POS, "angry": NEG, "sad": NEG, "fear": NEG, "neutral": NEU, "surprise": NEU}
"""SMP2020's six. Surprise: two thirds of the rows annotated twice are neutral, a quarter negative."""


def _emotion(raw: Raw) -> Labels:
    return {"sentiment": _sentiment(_EMOTION[raw["label"]])}


def _emotion_usual(raw: Raw) -> Labels | None:
    # its neutral rows are book prose that ends in a full stop: a model would learn the full stop
    return None if raw["label"] in {"neutral", "surprise"} else _emotion(raw)


def _sos(raw: Raw) -> Labels:
    # both classes are talk of suicide; of the low ones annotated twice, half are concern, a third crisis
    high = int(raw["label"]) == 1
    return {"self_harm": _self_harm(SelfHarm.CRISIS) if high else _self_harm(SelfHarm.NONE, SelfHarm.CONCERN)}


_PSY_CRISIS = {"主动自杀意图", "自杀计划", "自杀准备行为"}
_PSY_CONCERN = {"被动自杀意图", "自杀未遂", "自伤行为", "自伤意图", "关于自杀的探索"}


def _psysuicide(raw: Raw) -> Labels | None:
    if raw["data_source"] == "synthetic":  # being synthetic gives the risk away
        return None
    labels = set(raw["label"])
    if labels & _PSY_CRISIS:
        return {"self_harm": _self_harm(SelfHarm.CRISIS)}
    return {"self_harm": _self_harm(SelfHarm.CONCERN) if labels & _PSY_CONCERN else _NO_HARM}


def _ckend(raw: Raw) -> Labels:
    return {"self_harm": _self_harm(SelfHarm.CONCERN, SelfHarm.CRISIS) if int(raw["label"]) else _NO_HARM}


def _cold(raw: Raw) -> Labels:
    # offensive is far wider than our abuse: of rows annotated twice 25 % against 4 % are abuse
    return {"risks": {Risk.ABUSE: 0.25 if int(raw["label"]) else 0.04}, "self_harm": _NO_HARM}


@dataclass(frozen=True, slots=True)
class Mapped:
    """A set that teaches."""

    labels: Callable[[Raw], Labels | None]
    per_epoch: int
    """Rows drawn in an epoch; a set with fewer gives all of them."""


SETS: Mapping[str, Mapped] = {
    "risk_train": Mapped(judged, 10_000),
    "ChnSentiCorp_htl_all": Mapped(_stars, 1_200),
    "online_shopping_10_cats": Mapped(_stars, 1_500),
    "waimai_10k": Mapped(_stars, 800),
    "nlpcc2014_polarity_train": Mapped(_stars, 250),
    "smp2020_virus_train": Mapped(_emotion, 900),
    "smp2020_usual_train": Mapped(_emotion_usual, 400),
    "weibo2018_train": Mapped(_not_negative, 300),
    "bdci2021_bank": Mapped(_three, 300),
    "sos_hl_1k_train": Mapped(_sos, 450),
    "psysuicide_valid": Mapped(_psysuicide, 350),
    "ckend_suicide_train": Mapped(_ckend, 350),
    "cold_train": Mapped(_cold, 400),
}
PER_EPOCH: Mapping[str, int] = {name: mapped.per_epoch for name, mapped in SETS.items()}
EVALUATION: Mapping[str, Callable[[Raw], Labels | None]] = {"risk_dev": judged, "smp2020_virus_eval": _emotion}
"""Sets that only test."""
OUTRANKS = {
    "ChnSentiCorp_htl_all": "sentiment",
    "online_shopping_10_cats": "sentiment",
    "waimai_10k": "sentiment",
    "nlpcc2014_polarity_train": "sentiment",
    "sos_hl_1k_train": "self_harm",
}
"""The head on which a set's own label counts where an annotation says the contrary: the author's stars say what the
author felt, and clinicians read who is in danger. A quarter of the hotel set's praise was annotated as complaint."""
