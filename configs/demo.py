"""The demo: the whole pipeline on the sandbox's invented (or given) posts, as nothing but a configuration.

Owns the demo's folder and the configuration written there, the key files it needs, and the outside world it plays:
one child process that serves the sandbox site and receives webhooks. What runs on it is the ordinary pipeline.
"""

import base64
import json
import logging
import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from configs.child import Child
from configs.load import BUNDLED, key_of
from configs.run import alone
from crawlers.platforms import DEMANDS
from crawlers.sandbox.corpus import PLATFORMS, BadCorpus, Drops, read
from crawlers.sandbox.site import BUNDLED as CORPUS
from stream.ports import Misconfigured, Unavailable

log = logging.getLogger(__name__)

_ELSEWHERE = ("data", "log", "store", "book", "mail")
"""Settings that say where things are kept and sent; those of the environment are a real installation's."""
_SHAPES = {"complaint": "heimao", "forum": "autohome", "news": "feed"}
"""Platforms that are not named after the spider whose wire shape they are served in."""
_KEPT_DAYS = 36_500
"""A corpus may be of any age, and is to be looked at."""
_CREDENTIAL = "DEMO_CREDENTIAL"
_KEYWORDS = ("云汀", "秋桂计划", "鹿屿", "半糖星球", "澄星", "奶茶", "澜州", "不想活", "撑不下去", "想死")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a demo folder was begun with; kept so that a demo that was killed goes on where it stopped."""

    corpus: str
    newest: str
    """ISO time of the newest post as served."""
    shifted: bool
    """Whether all times were moved to make it so."""
    port: int
    """Where the sandbox listens."""


def prepare(folder: Path, *, corpus: Path | None, shift: bool, fresh: bool, now: datetime) -> tuple[Path, Scene, Drops]:
    """Write the demo's configuration into `folder`, or go on with what is there.

    Args:
        folder: the demo's own folder; `fresh` empties it first, and refuses one that no demo made.
        corpus: posts in the sandbox's format; the bundled ones when None.
        shift: move all times so that the newest post is at `now`.

    Returns:
        The path of the settings file, the scene, and the lines of the corpus that are not served; the sandbox warns of
        them too.

    Raises:
        Misconfigured: the corpus cannot be served, or the folder cannot be used, is not a demo's, or was begun with
            another corpus.
    """
    chosen = (corpus or CORPUS).resolve()
    if not chosen.is_file():
        raise Misconfigured(f"--corpus: {chosen} is not a file")
    platforms, videos, own_newest, drops = _survey(chosen)
    kept = folder / "scene.json"
    try:
        if kept.exists():
            with alone(folder):  # or it would be emptied under a demo that is running
                pass
        if fresh and folder.exists():
            if not kept.exists() and any(folder.iterdir()):
                raise Misconfigured(f"--fresh: {folder} was not made by a demo; it is left alone")
            shutil.rmtree(folder)
        (folder / "config").mkdir(parents=True, exist_ok=True)
        if kept.exists():
            scene = _kept(kept)
            if scene.corpus != str(chosen):
                raise Misconfigured(f"{folder} was begun with another corpus; use --fresh or another --data")
        else:
            newest = now.replace(microsecond=0) if shift else own_newest
            scene = Scene(str(chosen), newest.isoformat(), shift, _free_port())
            kept.write_text(json.dumps(asdict(scene)), encoding="utf-8")
        _write_configuration(folder, scene, platforms, videos, bundled=corpus is None)
    except OSError as error:
        raise Misconfigured(f"--data: {folder} cannot be used: {error.strerror}") from error
    return folder / "config" / "guanlan.toml", scene, drops


def window_end(scene: Scene) -> datetime:
    """The end of the demo's one battle-report window: the full hour after its newest post."""
    newest = datetime.fromisoformat(scene.newest)
    return datetime.fromtimestamp((newest.timestamp() // 3600 + 1) * 3600, UTC)


@contextmanager
def outside_world(folder: Path, scene: Scene) -> Iterator[None]:
    """Run the sandbox site and the webhook receiver in a child process, ready when entered.

    Variables of the environment that would lead out of the demo's folder are taken out of it, and named.

    Raises:
        Unavailable: it did not come up.
    """
    for name in sorted(os.environ):
        if key_of(name) in _ELSEWHERE:
            log.warning("the demo keeps to its own folder: %s is not used", name)
            del os.environ[name]
    os.environ.setdefault(_CREDENTIAL, "demo")  # children inherit it, as they would a real one
    words = ["sandbox", "--corpus", scene.corpus, "--port", str(scene.port), "--receive", str(folder)]
    if scene.shifted:
        words += ["--shift-to", scene.newest]
    child = Child(words)
    try:
        if child.first_line(timeout=60) is None:
            raise Unavailable("the sandbox did not start; is its port taken by another program?")
        yield
    finally:
        child.stop()


def _kept(path: Path) -> Scene:
    try:
        return Scene(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:  # cut off when the machine stopped, or not ours
        raise Misconfigured(f"{path} is damaged; use --fresh or another --data") from error


def _write_configuration(
    folder: Path, scene: Scene, platforms: Sequence[str], videos: Sequence[str], *, bundled: bool
) -> None:
    config = folder / "config"
    site = f"http://127.0.0.1:{scene.port}"
    hooks, guardian = _key_file(folder / "hooks.key", "whsec_"), _key_file(folder / "guardian.key", "")
    (config / "guanlan.toml").write_text(
        f'data = "{folder.as_posix()}"\n\n'
        f"[retention]\nposts_days = {_KEPT_DAYS}\n\n"
        '[crawl]\ncontact = "demo@localhost"\n\n'
        "[serve]\nopen_here = true\n\n"
        '[[serve.people]]\nname = "守护人"\nroles = ["analyst", "guardian"]\n'
        f'key = "file:{guardian.as_posix()}"\n',
        encoding="utf-8",
    )
    shutil.copyfile(BUNDLED.parent / "subjects.toml", config / "subjects.toml")
    shutil.copyfile(BUNDLED.parent / "digests.toml", config / "digests.toml")
    rules = (BUNDLED.parent / "rules.toml").read_text(encoding="utf-8")
    for channel in ("risk-desk", "guardians", "guardians-lead"):
        rules += (
            f'\n[[channel]]\nname = "{channel}"\nurl = "{site}/hooks/{channel}"\nsecret = "file:{hooks.as_posix()}"\n'
        )
    (config / "rules.toml").write_text(rules, encoding="utf-8")
    sources = [_source(site, platform, videos, bundled=bundled) for platform in platforms]
    (config / "sources.toml").write_text("\n".join(sources), encoding="utf-8")


def _source(site: str, platform: str, videos: Sequence[str], *, bundled: bool) -> str:
    spider = _SHAPES.get(platform, platform)
    walked = {
        "keywords": _KEYWORDS if bundled else ("*",),
        "boards": ("*",),
        "posts": videos,
        "feeds": (f"{site}/news/rss/all.xml",),
    }
    key = DEMANDS[spider].listings or "keywords"
    asked = f"{key} = {json.dumps(list(walked[key]), ensure_ascii=False)}"
    # the sandbox hands its Douyin token to anyone, but asks for credentials as the platform does
    right = (
        f'access = "official_api"\nclient_key_env = "{_CREDENTIAL}"\nclient_secret_env = "{_CREDENTIAL}"'
        if spider == "douyin"
        else 'access = "public_robots_ok"'
    )
    return (
        f'[[source]]\nname = "{platform}"\nspider = "{spider}"\nplatform = "{platform}"\n'
        f'base_url = "{site}/{platform}"\n{asked}\n{right}\n'
        "interval_seconds = 60\ndelay_seconds = 0\nconcurrency = 8\nmax_pages = 1000000\npage_size = 50\n"
        "requests_per_minute = 0\nrequests_per_day = 0\n"
        'purpose = "演示"\nassessment = "本机沙盒,不访问任何真实平台"\n'
    )


def _survey(corpus: Path) -> tuple[list[str], list[str], datetime, Drops]:
    """The platforms that occur in a corpus, in the sandbox's order; videos, by the id that the sandbox gives them; the
    time of its newest post; and what is dropped."""
    found, videos, newest = set(), [], datetime.min.replace(tzinfo=UTC)
    drops: Drops = {}
    try:
        for entry in read(corpus, drops):
            found.add(entry.platform)
            if entry.platform == "bilibili" and not entry.parent:
                videos.append(str(entry.native))
            newest = max(newest, entry.published)
    except BadCorpus as error:
        raise Misconfigured(f"--corpus: {error}") from None
    except OSError as error:
        raise Misconfigured(f"--corpus: {corpus} cannot be read: {error.strerror}") from error
    return [platform for platform in PLATFORMS if platform in found], videos, newest, drops


def _key_file(path: Path, prefix: str) -> Path:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(prefix + base64.b64encode(secrets.token_bytes(24)).decode(), encoding="ascii")
    return path.resolve()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
