"""What every command shares with the terminal: signals, logs, errors as one sentence, JSON and tables.

Owns exit codes and standard output. Light, since every command imports it.
"""

import json
import logging
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer

from configs.child import hold_leash
from stream.ports import Misconfigured, Rejected, Unavailable

_Thing = TypeVar("_Thing")

UNREAD = 3
"""Exit code of a command that did all it could, though some source could not be read."""


@contextmanager
def manners(*, leash: bool = False) -> Iterator[None]:
    """What every command shares: logs to standard error, SIGTERM as Ctrl-C, and errors as one sentence."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if leash:
        hold_leash()
    try:
        yield
    except Misconfigured as error:
        typer.echo(f"配置有误:{error}", err=True)
        raise typer.Exit(2) from None
    except (Unavailable, Rejected) as error:
        typer.echo(f"失败:{error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def emit(value: object) -> None:
    """One JSON value on a line of standard output."""
    # a lone surrogate in the input must not end the output
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode() + "\n")


def show(rows: list[dict[str, Any]], as_json: bool, *columns: str) -> None:  # noqa: FBT001 (the option's value)
    """Rows as JSON, or as a table of some columns."""
    if as_json:
        emit(rows)
        return
    from rich.console import Console  # noqa: PLC0415 (JSON needs no tables)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns)
    for row in rows:
        table.add_row(*(Text(_cell(row[column])) for column in columns))  # "[/b]" in a post is no markup
    Console().print(table)


def _cell(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def followed(things: Iterable[_Thing], total: int) -> Iterable[_Thing]:
    """The same things, with a bar on standard error for who waits; none where that is no terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    return track(things, "", total=total, console=Console(stderr=True), transient=True)
