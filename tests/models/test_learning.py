"""Training learns what labels say, goes on where it stopped, and a student comes to say what its teacher says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from models import batches, distil, encoder, learning, pretrained  # noqa: E402
from models.data import Row  # noqa: E402
from models.mapping import Partial  # noqa: E402
from models.specials import specials  # noqa: E402
from models.train import fit  # noqa: E402
from stream.labels import Sentiment  # noqa: E402
from tests.models import small  # noqa: E402

torch.set_num_threads(1)  # a network this small is only hindered by a second
MOODS = tuple(Sentiment)


def row(text: str, sentiment: Sentiment, *, between: tuple[Sentiment, ...] = MOODS) -> Row:
    """A row that says something of the sentiment only."""
    return Row("set", "set", text, sentiment=Partial((sentiment,), between), risks={})


ROWS = [row("好喜欢", Sentiment.POSITIVE), row("坏退款", Sentiment.NEGATIVE), row("车东西", Sentiment.NEUTRAL)] * 16


def said(model: encoder.PostEncoder, texts: list[str]) -> list[int]:
    """The likeliest sentiment of each text."""
    tokenizer = small.tokenizer()
    ids = batches.encode(tokenizer, texts)
    batch = batches.collate(ids, np.arange(len(ids)), specials(tokenizer))
    with torch.inference_mode():
        return model(batch.ids, batch.mask)["sentiment"].argmax(1).tolist()


def test_it_learns_what_the_labels_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few passes the sentiment of each text is its label, also when read back from the folder."""
    monkeypatch.setattr("models.train.BATCH", 8)
    fit(ROWS, small.network(), small.tokenizer(), tmp_path, shares={"set": 48}, epochs=range(10), rate=2e-3)
    model, _ = encoder.load(tmp_path)
    assert said(model, ["好喜欢", "坏退款", "车东西"]) == [2, 0, 1]


def test_a_broken_run_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after a checkpoint and begun again, it ends with the weights of a run that nobody stopped."""
    monkeypatch.setattr("models.train.BATCH", 8)
    monkeypatch.setattr("models.learning.CHECKPOINT_STEPS", 4)
    plan: dict[str, Any] = {"shares": {"set": 48}, "epochs": range(2), "rate": 1e-3}
    fit(ROWS, small.network(), small.tokenizer(), tmp_path / "whole", **plan)

    class Killed(Exception):
        pass

    original = learning.LabelLoss.__call__
    calls = []

    def dies(self: learning.LabelLoss, *given: object) -> object:
        calls.append(1)
        if len(calls) == 7:
            raise Killed
        return original(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(learning.LabelLoss, "__call__", dies)
        with pytest.raises(Killed):
            fit(ROWS, small.network(), small.tokenizer(), tmp_path / "broken", **plan)
    fit(ROWS, small.network(), small.tokenizer(), tmp_path / "broken", **plan)
    whole, broken = (encoder.load(tmp_path / name)[0].state_dict() for name in ("whole", "broken"))
    assert all(torch.equal(whole[name], broken[name]) for name in whole)


def test_what_is_kept_of_another_plan_is_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass over other posts in the same folder is what it would be in a new one, taught by the right answers."""
    monkeypatch.setattr("models.train.BATCH", 8)
    teacher = small.network().eval()
    plan: dict[str, Any] = {"shares": {"set": 48}, "epochs": range(1), "rate": 1e-3, "teachers": [teacher]}
    others = [Row("set", "set", each.text[::-1] + "车") for each in ROWS]
    for folder, rows in (("used", others), ("used", ROWS), ("new", ROWS)):
        fit(rows, small.network(), small.tokenizer(), tmp_path / folder, **plan)
    used, new = (encoder.load(tmp_path / name)[0].state_dict() for name in ("used", "new"))
    assert all(torch.equal(used[name], new[name]) for name in new)


def test_a_set_without_rows_is_told() -> None:
    """It would teach nothing, and the pass would be another one."""
    with pytest.raises(ValueError, match="no row of annotated"):
        batches.draw(["set"], {"set": 1, "annotated": 5}, 1, 0)


def test_a_packed_file_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    """In one sentence that names it."""
    (tmp_path / "short.bin").write_bytes(b"E5S1" + bytes(20))
    with pytest.raises(ValueError, match=r"short\.bin ends too early"):
        pretrained.read(tmp_path / "short.bin")


def test_a_head_learns_nothing_from_a_row_that_says_nothing_of_it() -> None:
    """The loss of a row without labels is zero, and a star rating says nothing of neutral."""
    unsaid = Row("set", "set", "好")
    stars = row("坏", Sentiment.NEGATIVE, between=(Sentiment.NEGATIVE, Sentiment.POSITIVE))
    loss = learning.LabelLoss(batches.labels([unsaid, stars]))
    logits = {head: torch.zeros(1, classes) for head, classes in encoder.HEADS.items()}
    assert loss(logits, np.array([0])).item() == 0
    neutral = {**logits, "sentiment": torch.tensor([[0.0, 9.0, 0.0]])}
    assert loss(neutral, np.array([1])).item() == pytest.approx(loss(logits, np.array([1])).item())
    positive = {**logits, "sentiment": torch.tensor([[0.0, 0.0, 9.0]])}
    assert loss(positive, np.array([1])).item() > loss(logits, np.array([1])).item() + 5


def test_a_student_comes_to_say_what_its_teacher_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taught on rows without a single label, half the layers give the teacher's answers."""
    monkeypatch.setattr("models.train.BATCH", 8)
    fit(ROWS, small.network(), small.tokenizer(), tmp_path / "t", shares={"set": 48}, epochs=range(10), rate=2e-3)
    teacher, tokenizer = encoder.load(tmp_path / "t")
    texts = [Row("set", "set", each.text) for each in ROWS]
    student = small.network(2).every((0,))
    fit(texts, student, tokenizer, tmp_path / "s", shares={"set": 48}, epochs=range(12), rate=2e-3, teachers=[teacher])
    assert said(student.eval(), ["好喜欢", "坏退款", "车东西"]) == [2, 0, 1]


def test_a_lesson_is_asked_once(tmp_path: Path) -> None:
    """A second run reads the teacher's answers from the folder, in the posts' order; agreement costs nothing."""
    tokenizer, teacher = small.tokenizer(), small.network().eval()
    ids = batches.encode(tokenizer, ["好", "坏吃喝退款慢", "车车"])
    distil.lesson([teacher], ids, specials(tokenizer), tmp_path)
    again = distil.lesson([], ids, specials(tokenizer), tmp_path)  # nobody to ask
    batch = batches.collate(ids, np.array([1]), specials(tokenizer))
    with torch.inference_mode():
        logits, mean = teacher.read(batch.ids, batch.mask)
    assert again.loss(logits, mean, np.array([1])).item() == pytest.approx(0, abs=1e-2)
    assert again.loss(logits, mean, np.array([0])).item() > again.loss(logits, mean, np.array([1])).item()


def test_the_middle_of_two_networks(tmp_path: Path) -> None:
    """Each weight of the mean lies halfway between the two, and one network's mean is itself."""
    for seed, name in enumerate("ab"):
        torch.manual_seed(seed)
        encoder.save(small.network(), small.tokenizer(), tmp_path / name)
    both = [encoder.load(tmp_path / name)[0].state_dict() for name in "ab"]
    middle = encoder.mean([tmp_path / "a", tmp_path / "b"])[0].state_dict()
    assert all(torch.allclose(middle[name], (both[0][name] + both[1][name]) / 2) for name in middle)
    alone = encoder.mean([tmp_path / "a"])[0].state_dict()
    assert all(torch.equal(alone[name], both[0][name]) for name in alone)
