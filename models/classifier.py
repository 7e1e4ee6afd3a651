"""Serving: a weights folder as a Classifier, with onnxruntime, tokenizers and numpy.

Owns the loading and checking of a weights folder. Does not own what happens between texts and judgements (`network`),
calibration values (`calibrate`) or training.

Every run of the graph takes one text. The int8 graph measures the range of its activations over whatever is in a run,
so a text judged beside others would get other numbers than alone, and the port promises the same judgement. It costs
nothing: without padding, one text a run is as fast as batches of sixteen of about equal length (86 against 84 posts a
second and core, measured on Weibo posts of 62 pieces in the mean).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models.calibrate import Array, Calibration
from models.network import HEADS, NetworkClassifier
from stream.ports import Misconfigured

SHIPPED = Path(__file__).with_name("weights")
"""Holds the model card, its report, and the network in a folder of its own."""
WEIGHTS = SHIPPED / "student"
MODEL, TOKENIZER, CALIBRATION, SUMS = "model.onnx", "tokenizer.json", "calibration.json", "SHA256SUMS"


class OnnxClassifier(NetworkClassifier):
    """The Classifier port over a weights folder; the revision names it, a hash of its checksums, and the reading."""

    def __init__(self, path: Path = WEIGHTS, *, threads: int = 1) -> None:
        """Load and check the folder.

        Raises:
            Misconfigured: a file is missing, truncated or not the one that was shipped; the message names it.
        """
        revision = _verified(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(str(path / MODEL), options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_file(str(path / TOKENIZER))
            calibration = Calibration.read(path / CALIBRATION)
        except Exception as error:  # onnxruntime and tokenizers raise bare Exceptions; any of them is a broken folder
            raise Misconfigured(f"judge.model: {path} does not load: {error}") from error

        def run(ids: list[int]) -> Mapping[str, Array]:
            return dict(zip(HEADS, session.run(list(HEADS), {"ids": np.array([ids], np.int64)}), strict=True))

        super().__init__(run, tokenizer, calibration, revision=revision, threads=threads)


def _verified(path: Path) -> str:
    """The name of a folder whose files are the ones that SUMS lists, with a hash of it."""
    sums = path / SUMS
    if not sums.is_file():
        raise Misconfigured(f"judge.model: {sums} is missing; it lists the checksums of a weights folder")
    listed = sums.read_bytes()
    try:
        expected = {name: digest for digest, name in (line.split("  ", 1) for line in listed.decode().splitlines())}
    except ValueError as error:  # a line without a name, or no text at all
        raise Misconfigured(f"judge.model: {sums} is damaged") from error
    for name in (MODEL, TOKENIZER, CALIBRATION):
        file = path / name
        if not file.is_file():
            raise Misconfigured(f"judge.model: {file} is missing")
        with file.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if found != expected.get(name):
            raise Misconfigured(
                f"judge.model: {file} is truncated or was changed: its checksum is not the one in {SUMS}"
            )
    return f"{path.resolve().name}-{hashlib.sha256(listed).hexdigest()[:8]}"
