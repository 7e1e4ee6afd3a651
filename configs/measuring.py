"""The commands that measure: `guanlan bench`, `train` and `evaluate`.

Owns their words on the command line; `guanlan.py` takes them in. What they do is done elsewhere, loaded when a command
runs.
"""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from configs.collecting import ConfigOption, JsonOption
from configs.terminal import manners, show

if TYPE_CHECKING:
    from configs.load import Config

measures = typer.Typer(add_completion=False)

Bench = StrEnum(
    "Bench",
    {
        "PIPELINE": "pipeline",
        "SCALE": "scale",
        "CLUSTER": "cluster",
        "STORE": "store",
        "CLASSIFY": "classify",
        "CRAWL": "crawl",
    },
)
_POSTS = {
    Bench.PIPELINE: 50_000,
    Bench.SCALE: 50_000,
    Bench.CLUSTER: 10_000,
    Bench.STORE: 1_000_000,
    Bench.CLASSIFY: 1_000,
    Bench.CRAWL: 3_000,
}
"""What each is measured on, if nobody says otherwise."""


@measures.command()
def bench(
    what: Annotated[
        Bench,
        typer.Argument(
            help="pipeline:从 posts 主题到入库并完成预警评估;scale:两个研判进程对一个、长积压对短积压;"
            "cluster:经 Kafka 与 Elasticsearch 对单机;store:检索库的写入、检索、统计与占用;"
            "classify:研判速度;crawl:采集速度,旁列 scrapy bench。"
        ),
    ],
    *,
    posts: Annotated[
        int | None, typer.Option(min=1, help="帖子数;默认:store 一百万,classify 一千,其余三千至五万。")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="真实帖子的目录;classify 用。")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="把表格写入此页中该项的位置,如 docs/performance.md。")] = None,
    note: Annotated[str, typer.Option(help="写在表格下的说明,例如当时机器上还有什么。")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """测量性能,旁列同一次运行中的标尺 (measure, beside a yardstick taken in the same run)."""
    from configs.bench.page import write

    with manners():
        row = _measured(what, _load(config), posts or _POSTS[what], data)
        show([row], as_json, *row)
        if page is not None:
            write(page, _place(what, row), row, now=datetime.now(UTC), note=note)


def _place(what: Bench, row: dict[str, Any]) -> str:
    """Where the table goes: the store's on servers has a place of its own, beside that of one machine."""
    return f"{what.value} elastic" if row.get("store") == "elastic" else what.value


def _measured(what: Bench, config: "Config", posts: int, data: Path | None) -> dict[str, Any]:
    if what is Bench.CLASSIFY:
        from configs.learning import bench as classify

        if data is None:
            raise typer.BadParameter("classify needs --data, a folder with streams/")
        return classify(data, posts, config.settings.judge.threads)
    from configs.bench.cluster import cluster
    from configs.bench.crawl import crawl
    from configs.bench.pipeline import pipeline
    from configs.bench.scale import scale
    from configs.bench.store import store

    return {
        Bench.PIPELINE: pipeline,
        Bench.SCALE: scale,
        Bench.CLUSTER: cluster,
        Bench.STORE: store,
        Bench.CRAWL: crawl,
    }[what](config, posts)


@measures.command()
def train(
    *,
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="带标注帖子的目录。")],
    out: Annotated[Path, typer.Option(file_okay=False, help="检查点与权重写到这里;中断后接着训练。")],
    base: Annotated[str, typer.Option(help="另一个预训练 BERT 的名称或目录;默认自带的。")] = "",
    workers: Annotated[int, typer.Option(min=1, help="进程数,每个一线程。")] = 2,
) -> None:
    """从数据目录训练出权重 (one command from data to weights; needs the `train` extra)."""
    from configs import learning

    with manners():
        learning.train(data, out, base, workers)


@measures.command()
def evaluate(
    *,
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="带标注帖子的目录。")],
    model: Annotated[Path | None, typer.Option(help="权重目录;默认随附的。")] = None,
    lexicon: Annotated[bool, typer.Option("--lexicon", help="评测词典。")] = False,
    guarded: Annotated[bool, typer.Option("--guarded", help="评测实际运行的组合:模型与词典。")] = False,
    picture: Annotated[Path | None, typer.Option(help="可靠性图写到这里。")] = None,
    figures: Annotated[Path | None, typer.Option(help="全部数字以 JSON 写到这里。")] = None,
) -> None:
    """在从未训练过的帖子上评测,附置信区间 (scores with bootstrap intervals)."""
    from configs import learning

    with manners():
        learning.evaluate(data, model, lexicon=lexicon, guarded=guarded, picture=picture, figures=figures)


def _load(path: Path | None) -> "Config":
    from configs.load import load

    return load(path)
