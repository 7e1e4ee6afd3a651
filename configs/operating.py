"""The commands of whoever runs Guanlan: `guanlan try`, `dead`, `forget`, `replay`, `backup` and `migrate`.

Owns their words on the command line; `guanlan.py` takes them in. What they do is done elsewhere in this room, loaded
when a command runs.
"""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from configs.collecting import ConfigOption, JsonOption
from configs.terminal import emit, followed, manners, show
from stream.zone import SHANGHAI

if TYPE_CHECKING:
    from configs.load import Config

operations = typer.Typer(add_completion=False)

# words a command takes as its argument
Topic = StrEnum("Topic", {"POSTS": "posts", "JUDGED": "judged"})
Action = StrEnum("Action", {"LIST": "list", "SHOW": "show", "REPLAY": "replay", "DROP": "drop"})


@operations.command("try")
def try_on_history(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="rules.toml 中的规则名,尚未启用的也可以。")],
    *,
    since: Annotated[str, typer.Option(metavar="DAYS-OR-DATE", help="回看几天,或起始日期 (北京时间)。")] = "30",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """在已入库的历史上试一条规则:会发出哪些预警;不通知任何人 (try a rule on history, waking nobody)."""
    from configs.trying import beginning, try_rule

    try:
        begin = beginning(since, datetime.now(UTC))
    except ValueError:
        raise typer.BadParameter("--since takes days or a date: 30, 2026-11-01 (天数或日期)") from None
    with manners():
        tried = try_rule(_load(config), rule, begin, followed)
        if as_json:
            emit(tried)
            return
        rows = tried["rows"]
        care = bool(rows) and "day" in rows[0]
        for row in () if care else rows:  # all of them only as JSON
            row["ids"] = " ".join([*row["ids"][:3], *("…" for _ in row["ids"][3:4])])
        show(rows, as_json, *(("day", "alerts") if care else ("since", "group", "posts", "originals", "ids")))
        typer.echo(
            f"自 {tried['since']} 起有帖子的 {tried['days']} 天里,匹配 {tried['matched']} 条,"
            f"会发出 {tried['alerts']} 次预警,平均每天 {tried['alerts_a_day']} 次"
        )


@operations.command()
def dead(
    action: Annotated[Action, typer.Argument(help="list 列出;show 看内容;replay 放回原主题;drop 放弃。")],
    numbers: Annotated[list[str] | None, typer.Argument(help="编号,见 list;replay 与 drop 不给则为全部。")] = None,
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """查看与处理死信 (messages that could not be handled: look, put back, let go)."""
    from configs import dead as letters

    chosen = numbers or []
    if action is Action.SHOW and len(chosen) != 1:
        raise typer.BadParameter("show needs one number: guanlan dead show 7 (看哪一封?编号见 guanlan dead list)")
    if action is Action.LIST and chosen:
        raise typer.BadParameter("list takes no number; show does (list 不带编号)")
    with manners():
        try:
            if action is Action.SHOW:
                sys.stdout.buffer.write(letters.content(_load(config), chosen[0]) + b"\n")
            elif action is Action.REPLAY:
                emit({"replayed": letters.replay(_load(config), chosen)})
            elif action is Action.DROP:
                emit({"dropped": letters.drop(_load(config), chosen)})
            else:
                rows = letters.waiting(_load(config))
                show(rows, as_json, "number", "topic", "offset", "group", "error", "died_at")
        except letters.NoSuchLetter as error:
            raise typer.BadParameter(str(error)) from None


@operations.command()
def forget(
    platform: Annotated[str, typer.Argument(metavar="PLATFORM", help="平台名,与帖子上的相同,如 weibo。")],
    author: Annotated[
        str,
        typer.Argument(metavar="AUTHOR_ID", help="平台给的作者编号,没有编号时为昵称;- 从标准输入读,不留在命令历史里。"),
    ],
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """应本人要求遗忘一位作者:帖子、证据与战报引文 (a person asks to be forgotten: posts, evidence, quotes)."""
    from configs.forgetting import forget as let_go

    with manners():
        row = let_go(_load(config), platform, sys.stdin.readline() if author == "-" else author)
        show([row], as_json, *row)
        if row["unread"]:
            typer.echo(
                "尚有消息未经研判或预警,待其处理完后请再运行一次 (messages are unread: run this again)", err=True
            )


@operations.command()
def replay(
    *,
    topic: Annotated[Topic, typer.Option(help="posts:用当前模型重新研判;judged:按原判重新入库。")] = Topic.POSTS,
    since: Annotated[datetime | None, typer.Option(help="只处理此后写入日志的消息 (北京时间)。")] = None,
    group: Annotated[str, typer.Option(help="这次重放的名字;中断后用同名接着做。")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """用当前模型重新研判日志中尚存的帖子,只更新检索库,不唤醒任何人 (what the log holds; the store only, no alerts)."""
    from configs.replay import replay as again

    with manners():
        row = again(_load(config), topic.value, group, since.replace(tzinfo=SHANGHAI) if since else None)
        show([row], as_json, *row)


@operations.command()
def backup(
    to: Annotated[Path, typer.Argument(help="备份写到这个新目录。")],
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """备份单机的数据目录,运行中也可以 (one machine's data, also while it runs)."""
    from configs.backup import backup as copy

    with manners():
        show(copy(_load(config), to), as_json, "file", "bytes")


@operations.command()
def migrate(
    *,
    to: Annotated[Path, typer.Option("--to", help="集群的配置文件 (cluster.toml)。")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """从单机迁到集群:复制日志、检索库与台账并核对条数;中断后再次运行即接着做 (one machine to a cluster, resumable)."""
    from configs.migrate import migrate as move
    from configs.narrate import narrator

    with manners():
        rows = move(_load(config), _load(to), narrator())
        show(rows, as_json, "part", "there", "here", "ok")


def _load(path: Path | None) -> "Config":
    from configs.load import load

    return load(path)
