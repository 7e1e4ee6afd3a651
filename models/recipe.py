"""The recipe of the shipped weights: which network learns from which rows, in what order, how often and how fast.

Owns the numbers, nothing that runs (`train` does). The lower six layers learn by themselves before they are taught:
before any fine-tuning, a ridge probe read the sentiment of annotated posts off them with accuracy 0.74, off every
second layer with 0.69.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models import data
from models.mapping import PER_EPOCH

SEED = 20261121
PIECES = 20_000
"""Pieces of the vocabulary that are kept."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One fine-tuning of a network."""

    name: str
    """Also the folder it leaves."""
    begins: str
    """The folder whose weights it begins with."""
    shares: Mapping[str, int]
    """Rows of a set that an epoch draws; a set with fewer gives all of them."""
    epochs: range
    rate: float
    lower_half: bool = False
    """Begin with the lower half of the layers."""
    taught_by: tuple[str, ...] = ()
    """The folders of teachers whose answers count beside the labels; rows without a label teach as well then."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A network whose weights are the mean of others' (Wortsman et al. 2022)."""

    name: str
    """Also the folder it leaves."""
    of: tuple[str, ...]
    """The folders of the others."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A network with the n-grams of all rows read beside it."""

    name: str
    """Also the folder it leaves."""
    of: str
    """The folder of the network, which stays as it is."""


_TEACHER = {
    "risk_train": 10_000,
    "ChnSentiCorp_htl_all": 1_600,
    "online_shopping_10_cats": 2_500,
    "waimai_10k": 1_500,
    "nlpcc2014_polarity_train": 300,
    "smp2020_virus_train": 1_300,
    "smp2020_usual_train": 300,
    "weibo2018_train": 300,
    "bdci2021_bank": 300,
    "sos_hl_1k_train": 700,
    "psysuicide_valid": 600,
    "ckend_suicide_train": 250,
    "cold_train": 300,
}
_POLISH = {
    **PER_EPOCH,
    "risk_train": 5_000,
    "ChnSentiCorp_htl_all": 2_000,
    "online_shopping_10_cats": 6_000,
    "waimai_10k": 3_000,
    "smp2020_virus_train": 2_500,
}
_TAUGHT = {
    **_TEACHER,
    "ChnSentiCorp_htl_all": 2_500,
    "online_shopping_10_cats": 4_000,
    "waimai_10k": 2_500,
    "smp2020_virus_train": 2_500,
    data.UNLABELLED: 5_000,
}
_PRACTICE = {
    **PER_EPOCH,
    "risk_train": 6_000,
    "ChnSentiCorp_htl_all": 5_000,
    "online_shopping_10_cats": 14_000,
    "waimai_10k": 6_000,
    "nlpcc2014_polarity_train": 2_500,
    "smp2020_virus_train": 5_000,
    "smp2020_usual_train": 500,
    "weibo2018_train": 500,
    "bdci2021_bank": 800,
    "sos_hl_1k_train": 700,
    "psysuicide_valid": 800,
}
_SETTLING = {
    **_TAUGHT,
    "risk_train": 4_000,
    "ChnSentiCorp_htl_all": 2_000,
    "waimai_10k": 2_000,
    "nlpcc2014_polarity_train": 500,
    "smp2020_virus_train": 1_500,
    "sos_hl_1k_train": 400,
    "psysuicide_valid": 400,
    data.UNLABELLED: 10_000,
}

_SCHOOLED = {
    **_SETTLING,
    "risk_train": 6_000,
    "online_shopping_10_cats": 6_000,
    "waimai_10k": 2_500,
    "smp2020_virus_train": 2_500,
    "sos_hl_1k_train": 700,
    data.UNLABELLED: 4_000,
}
_SEASONED = {**_SCHOOLED, "risk_train": 4_000, "online_shopping_10_cats": 4_000, data.UNLABELLED: 6_000}
_DRILL = {
    **PER_EPOCH,
    "risk_train": 3_000,
    "ChnSentiCorp_htl_all": 4_500,
    "online_shopping_10_cats": 16_000,
    "waimai_10k": 4_000,
    "nlpcc2014_polarity_train": 2_000,
    "smp2020_virus_train": 2_000,
    "smp2020_usual_train": 300,
    "cold_train": 300,
    "ckend_suicide_train": 200,
}
_WIDE = {
    **_DRILL,
    data.ANNOTATED: 60_000,
    "risk_train": 4_000,
    "ChnSentiCorp_htl_all": 1_500,
    "online_shopping_10_cats": 6_000,
    "waimai_10k": 1_500,
    "nlpcc2014_polarity_train": 500,
    "smp2020_virus_train": 1_500,
}
_DEEP = {
    **_WIDE,
    "risk_train": 5_000,
    "online_shopping_10_cats": 3_000,
    "sos_hl_1k_train": 700,
    "psysuicide_valid": 500,
}
_GRADUATION = {
    **_DRILL,
    data.ANNOTATED: 22_000,
    "ChnSentiCorp_htl_all": 2_000,
    "online_shopping_10_cats": 7_000,
    "waimai_10k": 2_000,
    "nlpcc2014_polarity_train": 1_000,
    data.UNLABELLED: 2_000,
}
_MASTERY = {
    **_DRILL,
    data.ANNOTATED: 45_000,
    "risk_train": 4_000,
    "ChnSentiCorp_htl_all": 2_500,
    "online_shopping_10_cats": 5_000,
    "waimai_10k": 2_000,
    "nlpcc2014_polarity_train": 500,
    "sos_hl_1k_train": 700,
}
_HONING = {
    **_MASTERY,
    data.ANNOTATED: 40_000,
    "ChnSentiCorp_htl_all": 3_000,
    "online_shopping_10_cats": 8_000,
    "waimai_10k": 3_000,
    "nlpcc2014_polarity_train": 1_000,
    "smp2020_virus_train": 2_500,
    data.UNLABELLED: 20_000,
}
_TEMPERING = {
    **_HONING,
    data.ANNOTATED: 20_000,
    "ChnSentiCorp_htl_all": 5_500,
    "online_shopping_10_cats": 12_000,
    "waimai_10k": 5_000,
    "nlpcc2014_polarity_train": 1_500,
    "sos_hl_1k_train": 400,
    data.UNLABELLED: 10_000,
}
_PROOF = {
    **_DRILL,
    data.ANNOTATED: 200_000,
    "risk_train": 6_000,
    "ChnSentiCorp_htl_all": 5_500,
    "online_shopping_10_cats": 10_000,
    "waimai_10k": 5_000,
    "nlpcc2014_polarity_train": 1_500,
    "smp2020_virus_train": 3_000,
    "sos_hl_1k_train": 700,
}

STEPS: tuple[Pass | Mean | Beside, ...] = (
    Pass("teacher", begins="start", shares=_TEACHER, epochs=range(4), rate=1.2e-4),
    Pass("tuned", begins="start", shares=PER_EPOCH, epochs=range(6), rate=2e-4, lower_half=True),
    # reviews and Weibo come up for what the annotated rows were given before
    Pass("polished", begins="tuned", shares=_POLISH, epochs=range(2, 3), rate=1e-4),
    Pass("student", begins="polished", shares=_TAUGHT, epochs=range(2), rate=1e-4, taught_by=("teacher",)),
    # by labels alone: most reviews have not been seen until here, and a linear reader of n-grams that had seen
    # them all was better on hotels and shops than the network
    Pass("practised", begins="student", shares=_PRACTICE, epochs=range(3), rate=1e-4),
    # on the posts that calibrate, the last pass by itself was worse than the one before, the middle better on risks
    # and stages
    Mean("middle", of=("student", "practised")),
    # there, teacher and middle together were better than either on every head: posts without labels carry that over
    Pass("settled", begins="middle", shares=_SETTLING, epochs=range(2, 4), rate=7e-5, taught_by=("teacher", "middle")),
    # on those posts each was better than the other in some head, and the middle never far from the better one
    Mean("evened", of=("middle", "settled")),
    # the teacher had seen fewer rows than its student: taught by both, it is better than either on those posts
    Pass(
        "schooled", begins="teacher", shares=_SCHOOLED, epochs=range(4, 6), rate=8e-5, taught_by=("teacher", "evened")
    ),
    Pass(
        "seasoned", begins="evened", shares=_SEASONED, epochs=range(6, 8), rate=6e-5, taught_by=("schooled", "evened")
    ),
    # surer of what it says than either of the two
    Mean("rounded", of=("evened", "seasoned")),
    # the teacher had seen half of the reviews, its student nearly all of them
    Pass("drilled", begins="schooled", shares=_DRILL, epochs=range(2), rate=8e-5),
    # six times as many annotated posts, each of them once: no other pass moved it as far on those that calibrate
    Pass("widened", begins="drilled", shares=_WIDE, epochs=range(5, 6), rate=1e-4),
    Pass("graduated", begins="rounded", shares=_GRADUATION, epochs=range(4, 6), rate=1e-4, taught_by=("widened",)),
    # surest is graduated, but the middle is right more often on the held rows of risk_train, on every head
    Mean("balanced", of=("rounded", "graduated")),
    # once more, now that stars and experts outrank a contrary reading; then 60,000 annotated posts that were new then
    Pass("deepened", begins="widened", shares=_WIDE, epochs=range(6, 7), rate=8e-5),
    Pass("extended", begins="deepened", shares=_DEEP, epochs=range(7, 8), rate=8e-5),
    Pass("mastered", begins="balanced", shares=_MASTERY, epochs=range(6, 7), rate=1e-4, taught_by=("extended",)),
    # its teacher was still ahead of it on those posts, on every head: twice as long, a quarter of it without labels
    Pass("honed", begins="mastered", shares=_HONING, epochs=range(7, 9), rate=1.2e-4, taught_by=("extended",)),
    # the two together were surer of those posts on every head than the network: it learns what it can of that
    Beside("paired", of="honed"),
    Pass("tempered", begins="honed", shares=_TEMPERING, epochs=range(9, 11), rate=8e-5, taught_by=("paired",)),
    # by labels alone, every annotated post once, in two orders: each is surer than tempered on every head of those that
    # calibrate, their mean surer than either
    Pass("proven", begins="tempered", shares=_PROOF, epochs=range(13, 14), rate=8e-5),
    Pass("tried", begins="tempered", shares=_PROOF, epochs=range(14, 15), rate=8e-5),
    Mean("united", of=("proven", "tried")),
    Beside("finished", of="united"),
)
WEIGHTS = {"student": "finished", "teacher": "extended"}
"""What is exported: the folder under `weights`, and the step it comes from."""
