"""`guanlan train` and `guanlan evaluate`: the model room's own commands, with the settings' words for what is missing.

Owns nothing of learning; `models.train` and `models.evaluate` do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stream.ports import Misconfigured


def train(data: Path, out: Path, base: str, workers: int) -> None:
    """From a data folder to a folder of weights; goes on where an earlier run stopped.

    Raises:
        Misconfigured: torch and its company are not installed, a set is missing, or the base cannot be had.
    """
    try:
        from models.train import main  # noqa: PLC0415 (torch is only in the `train` extra)
    except ModuleNotFoundError as error:
        raise Misconfigured(f"training needs {error.name}: pip install 'guanlan[train]'") from None
    _same_base(out, base)
    with _files():
        main(["--data", str(data), "--out", str(out), "--base", base, "--workers", str(workers)])


@contextmanager
def _files() -> Iterator[None]:
    """What cannot be read, written or used as a base, in one sentence."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise Misconfigured(str(error).partition("\n")[0]) from error


def _same_base(out: Path, base: str) -> None:
    """Keep beside the checkpoints what they began from; a run from another base must not go on with them."""
    kept = out / "base"
    if kept.exists() and kept.read_text(encoding="utf-8") != base:
        raise Misconfigured(
            f"{out} was begun from {kept.read_text(encoding='utf-8') or 'our own base'}; use another --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    kept.write_text(base, encoding="utf-8")


def evaluate(
    data: Path, model: Path | None, *, lexicon: bool, guarded: bool, picture: Path | None, figures: Path | None
) -> None:
    """Print what a classifier scores on the posts that were never trained on.

    Raises:
        Misconfigured: a set or the model cannot be read, or the picture or the figures not be written.
    """
    from models.evaluate import main  # noqa: PLC0415 (matplotlib and the model are heavy)

    words = ["--data", str(data)]
    words += ["--model", str(model)] if model else []
    words += ["--lexicon"] if lexicon else []
    words += ["--guarded"] if guarded else []
    words += ["--picture", str(picture)] if picture else []
    words += ["--json", str(figures)] if figures else []
    with _files():
        for path in (picture, figures):
            if path:
                path.open("ab").close()  # not only after minutes of judging
        main(words)


def bench(data: Path, posts: int, threads: int) -> dict[str, Any]:
    """Judging speed beside its yardsticks.

    Raises:
        Misconfigured: torch and its company are not installed.
    """
    try:
        from models.bench import classify  # noqa: PLC0415 (torch is only in the `train` extra)
    except ModuleNotFoundError as error:
        raise Misconfigured(f"the yardsticks need {error.name}: pip install 'guanlan[train]'") from None
    return classify(data, posts, threads)
