"""观澜 Guanlan's front door: the command line.

Data goes to standard output, everything else to standard error. Exit code 0 is done, 1 is failed, 2 is a wrong
command or setting, 3 is done but for a source that could not be read. Commands import what they need when they run, so
that `--help` is quick.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from configs.collecting import ConfigOption, JsonOption, commands
from configs.measuring import measures
from configs.operating import operations
from configs.terminal import UNREAD, emit, manners, show

if TYPE_CHECKING:
    from configs.load import Config

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="观澜:流式舆情监测。"
)

app.add_typer(commands)
app.add_typer(measures)
app.add_typer(operations)


DEMO_DATA = Path("data/demo")
# words a command takes as its argument
Stage = StrEnum("Stage", {"JUDGE": "judge", "INDEX": "index", "ALERT": "alert", "SCHEDULE": "schedule"})


@app.command()
def run(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="在本机沙盒站点上演示,不访问任何真实平台。")] = False,
    once: Annotated[bool, typer.Option("--once", help="采集一轮,处理完毕后退出。")] = False,
    corpus: Annotated[Path | None, typer.Option(help="演示所用语料 (.jsonl 或 .jsonl.gz);默认用自带语料。")] = None,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now/--keep-times", help="平移时间,使语料中最新一条为此刻。")
    ] = True,
    data: Annotated[Path | None, typer.Option(help="演示的数据目录。", show_default=DEMO_DATA.as_posix())] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="先清空演示的数据目录。")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """运行整条流水线:采集、研判、入库、预警、战报、看板 (everything on this machine)."""
    from configs.narrate import narrator

    if not demo and (corpus or fresh or data or not shift_to_now):
        raise typer.BadParameter("--corpus, --data, --fresh and --keep-times go with --demo")
    if demo and config:
        raise typer.BadParameter("--config does not go with --demo, which writes its own")
    data = data or DEMO_DATA
    with manners():
        say = narrator()
        if once:
            from configs.once import run_demo_once, run_once

            summary = (
                run_demo_once(data, corpus=corpus, shift=shift_to_now, fresh=fresh, say=say)
                if demo
                else run_once(_load(config), say)
            )
            if as_json:
                emit(summary)
            if summary["unread"]:
                typer.echo(f"未能读到的来源:{'、'.join(summary['unread'])};原因见 guanlan sources", err=True)
                raise typer.Exit(UNREAD)
            return
        from configs.server import run_demo, run_server

        if demo:
            run_demo(data, corpus=corpus, shift=shift_to_now, fresh=fresh, say=say)
        else:
            run_server(_load(config), say)


@app.command()
def work(
    stage: Annotated[
        Stage, typer.Argument(help="judge 研判;index 入库;alert 预警;schedule 时间表:采集、战报、邮件、保留期。")
    ],
    *,
    config: ConfigOption = None,
) -> None:
    """运行一个处理环节或时间表 (one worker loop, or the timetable, as a process of its own)."""
    from configs.narrate import narrator
    from configs.working import run_schedule, run_worker

    with manners():
        if stage is Stage.SCHEDULE:
            run_schedule(_load(config), narrator())
        else:
            run_worker(_load(config), stage.value)


@app.command()
def serve(config: ConfigOption = None) -> None:
    """只运行接口与看板 (API and dashboard only)."""
    from configs.server import serve_only

    with manners():
        serve_only(_load(config))


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="检索式:词、AND / OR / NOT、“短语”。")] = "",
    *,
    platform: Annotated[list[str] | None, typer.Option(help="平台,可多次给出。")] = None,
    subject: Annotated[list[str] | None, typer.Option(help="主体,可多次给出。")] = None,
    sentiment: Annotated[list[str] | None, typer.Option(help="negative / neutral / positive。")] = None,
    risk: Annotated[list[str] | None, typer.Option(help="风险类型,例如 safety。")] = None,
    since: Annotated[datetime | None, typer.Option(help="发布时间不早于 (北京时间)。")] = None,
    until: Annotated[datetime | None, typer.Option(help="发布时间早于 (北京时间)。")] = None,
    size: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """检索已入库的帖子;自伤信号不在其中 (search; self-harm signals are for guardians, in the dashboard)."""
    from configs.asking import BadQuestion, search_posts

    with manners():
        try:
            rows = search_posts(
                _load(config),
                text,
                platforms=platform or (),
                subjects=subject or (),
                sentiments=sentiment or (),
                risks=risk or (),
                since=since,
                until=until,
                size=size,
            )
        except BadQuestion as error:
            raise typer.BadParameter(str(error)) from None
        show(rows, as_json, "published_at", "platform", "sentiment", "risks", "text")


@app.command()
def classify(
    file: Annotated[str, typer.Argument(help="每行一条:含 text 的 JSON 或纯文本;- 为标准输入。")] = "-",
    *,
    config: ConfigOption = None,
) -> None:
    """研判文本,每行输出一个 JSON,顺序不变 (one judgement a line, in order)."""
    from configs.asking import judgements

    with manners():
        try:  # not by typer: with a Path it looks for a file named "-"
            # any bytes are a text to be judged
            opened = open(0 if file == "-" else file, encoding="utf-8", errors="surrogateescape")  # noqa: PTH123, SIM115
        except OSError as error:
            raise typer.BadParameter(f"{file}: {error.strerror}") from None
        with opened as lines:
            for row in judgements(_load(config), lines):
                emit(row)


@app.command()
def digest(
    name: Annotated[str, typer.Argument(help="digests.toml 中的战报名;默认全部。")] = "",
    *,
    until: Annotated[datetime | None, typer.Option(help="窗口结束时刻 (北京时间);默认最近一个发送时刻。")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """生成并发出战报;同一窗口只发一次 (compose and send; never twice for a window)."""
    from configs.reporting import send_digests

    with manners():
        rows = send_digests(_load(config), name, until)
        show(rows, as_json, "digest", "since", "until", "created", "mails")


@app.command()
def check(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """检查配置与各部件是否可用 (refuses with the key that is wrong)."""
    from configs.asking import check_parts

    with manners():
        rows = check_parts(_load(config))
        show(rows, as_json, "part", "ok", "detail")
        if not all(row["ok"] for row in rows):
            raise typer.Exit(1)


def _load(path: Path | None) -> "Config":
    from configs.load import load

    return load(path)


def main() -> None:
    """Entry point of the `guanlan` command."""
    app()


if __name__ == "__main__":
    main()
