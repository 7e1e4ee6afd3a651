"""The commands about sources: `guanlan crawl`, `import`, `sources`, `new-source` and `sandbox`.

Owns their words on the command line; `guanlan.py` takes them in. What they do is done elsewhere in this room, loaded
when a command runs.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from configs.terminal import UNREAD, emit, manners, show

if TYPE_CHECKING:
    from configs.load import Config

commands = typer.Typer(add_completion=False)

ConfigOption = Annotated[Path | None, typer.Option("--config", help="guanlan.toml;其余配置表在同一目录。")]
JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出。")]
LeashOption = Annotated[bool, typer.Option("--leash", hidden=True, help="Leave when standard input closes.")]


@commands.command()
def crawl(
    names: Annotated[list[str], typer.Argument(help="sources.toml 中的来源名。")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="来源因被拦截而熔断时也立即采集一轮;请在处理好原因(如更新会话)之后使用。")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只读各列表首页并显示解析结果,不写入消息日志与采集记录。")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    leash: LeashOption = False,
) -> None:
    """采集指定来源一轮;熔断中的来源会被拒绝 (crawl once; a source that refused us lately is left alone)."""
    from configs.crawling import chosen, crawl_sources
    from configs.load import load

    with manners(leash=leash):
        settings = load(config)
        if dry_run:
            _look(settings, names, as_json=as_json)
            return
        reports, refused = crawl_sources(settings, names, force=force)
        show(reports, as_json, "source", "outcome", "posts", "known", "pages", "drops", "reason")
        for source in chosen(settings, names):
            if not source.crawled:  # nobody's failure, but not done either
                typer.echo(f"未采集 {source.name}:已停用,不采集", err=True)
        for sentence in refused:
            typer.echo(f"未采集 {sentence};确认原因已处理后可加 --force", err=True)
        _leave(reports, refused)


def _look(config: "Config", names: list[str], *, as_json: bool) -> None:
    from configs.dry_run import look, print_rows

    rows, refused = look(config, names)
    if as_json:
        emit(rows)
    else:
        print_rows(rows)
    for sentence in refused:
        typer.echo(f"未采集 {sentence}", err=True)
    _leave(rows, refused)


def _leave(rows: list[dict[str, Any]], refused: list[str]) -> None:
    """End with the exit code that says what came of it; a crawl and a look at a source alike."""
    outcomes = {row["outcome"] for row in rows}
    if refused or "failed" in outcomes:
        raise typer.Exit(1)
    if outcomes & {"blocked", "login_needed"}:
        raise typer.Exit(UNREAD)


@commands.command("import")
def import_file(
    source: Annotated[str, typer.Argument(help="sources.toml 中 access = operator_export 的来源名。")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV、JSONL、JSON 或 XLSX 文件。")],
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """导入一个自有渠道或导出的文件 (take in one file of the operator's own; the same rows again change nothing)."""
    from configs.importing import import_path
    from configs.load import load

    with manners():
        row = import_path(load(config), source, file)
        show([row], as_json, "source", "posts", "known", "drops", "trouble", "note")
        if row["trouble"]:
            raise typer.Exit(1)


@commands.command()
def sources(
    names: Annotated[list[str] | None, typer.Argument(help="只看这些来源,并逐个列表说明覆盖;默认全部来源。")] = None,
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """来源登记表:权利、预算、健康、覆盖 (the register; with names each listing; --json for everything it holds)."""
    from configs.load import load
    from configs.register import incomplete, listings, registered

    with manners():
        settings = load(config)
        rows = registered(settings, names or ())
        show(rows, as_json, "name", "access", "authorised_until", "label", "reason", "retry_at", "last_success")
        if as_json:
            return
        if names:
            columns = ("source", "listing", "subjects", "label", "began", "got", "expected", "pages", "truncated")
            show(listings(rows), as_json, *columns, "since", "until")
        for sentence in incomplete(settings):
            typer.echo(sentence)


@commands.command("new-source")
def new_source(
    name: Annotated[str, typer.Argument(help="新来源的名字:小写英文、数字与下划线,如 city_board。")],
    *,
    root: Annotated[Path, typer.Option(exists=True, file_okay=False, help="源码目录。")] = Path(),
) -> None:
    """生成一个新来源的爬虫、解析、沙盒与测试文件 (write the files of a new source; never over existing ones)."""
    from crawlers.scaffold import scaffold

    with manners():
        made = scaffold(name, root)
        for path in made.files:
            typer.echo(path)
        typer.echo(f"\n{made.hints}", err=True)


@commands.command()
def sandbox(
    *,
    corpus: Annotated[Path | None, typer.Option(help="语料文件;默认用自带语料。")] = None,
    port: Annotated[int, typer.Option(help="端口;0 为任选。")] = 8900,
    shift_to: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="最新一条移到此刻。")
    ] = None,
    receive: Annotated[Path | None, typer.Option(help="同时接收 webhook,收据写入此目录。")] = None,
    leash: LeashOption = False,
) -> None:
    """本机沙盒站点:说各平台自己的接口格式 (a local site that speaks every platform's wire format)."""
    from configs.outside import serve_outside

    with manners(leash=leash):
        serve_outside(corpus, port=port, shift_to=shift_to, receive=receive)
