"""Who judges: the classifier that the settings name, and the judge around it.

Owns the meaning of `[judge]`. Loads torch only for a checkpoint that is not ours.
"""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from configs.load import Config
from models.classifier import WEIGHTS, OnnxClassifier
from models.guard import Guard
from models.judge import Judge
from models.lexicon import LexiconClassifier
from models.subjects import SubjectFinder
from stream.ports import Classifier, Misconfigured


def load_classifier(config: Config) -> Classifier:
    """The classifier that `judge.model` names: the lexicon alone, or a network with the lexicon as its guard."""
    judge = config.settings.judge
    lexicon = LexiconClassifier()
    if judge.model == "lexicon":
        return lexicon
    return Guard(_network(judge.model, judge.threads, lexicon), lexicon)


def _network(name: str, threads: int, lexicon: Classifier) -> Classifier:
    """The shipped student, a folder of weights, or any other checkpoint by folder or hub name."""
    folder = WEIGHTS if name == "student" else Path(name)
    foreign = (folder / "config.json").is_file() or (not folder.exists() and re.fullmatch(r"[\w.-]+/[\w.-]+", name))
    if not foreign:
        return OnnxClassifier(folder, threads=threads)
    try:
        from models.checkpoint import checkpoint  # noqa: PLC0415 (torch is only in the `train` extra)
    except ModuleNotFoundError as error:
        raise Misconfigured(f"judge.model: {name} needs {error.name}: pip install 'guanlan[train]'") from None
    return checkpoint(name, lexicon, threads=threads)


def load_judge(config: Config, clock: Callable[[], datetime]) -> Judge:
    """Classifier, subjects and fingerprints in one."""
    return Judge(load_classifier(config), SubjectFinder(config.subjects), clock)
