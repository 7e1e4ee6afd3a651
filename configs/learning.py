"""`guanlan train` and `guanlan evaluate`: the model room's own commands, with the settings' words for what is missing.

Owns nothing of learning; `models.train` and `models.evaluate` do.
"""

from pathlib import Path

from stream.ports import Misconfigured


def train(data: Path, out: Path, workers: int) -> None:
    """From a data folder to a folder of weights; goes on where an earlier run stopped.

    Raises:
        Misconfigured: torch and its company are not installed.
    """
    try:
        from models.train import main  # noqa: PLC0415 (torch is only in the `train` extra)
    except ModuleNotFoundError as error:
        raise Misconfigured(f"training needs {error.name}: pip install 'guanlan[train]'") from None
    main(["--data", str(data), "--out", str(out), "--workers", str(workers)])


def evaluate(data: Path, model: Path | None, *, lexicon: bool, picture: Path | None, figures: Path | None) -> None:
    """Print what a classifier scores on the posts that were never trained on."""
    from models.evaluate import main  # noqa: PLC0415 (matplotlib and the model are heavy)

    words = ["--data", str(data)]
    words += ["--model", str(model)] if model else []
    words += ["--lexicon"] if lexicon else []
    words += ["--picture", str(picture)] if picture else []
    words += ["--json", str(figures)] if figures else []
    main(words)
