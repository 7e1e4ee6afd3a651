"""The configuration of a stand: the bundled one with parts, a source, reports and channels of a run's own.

Owns what is written into its folder. What runs on it belongs to `stand`.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from configs.load import BUNDLED
from tests.chaos.outside import SECRET

SOURCE = "site"
"""The name of the one source."""
REPORTS = {f"report-{hour}": hour for hour in (0, 12)}
"""The battle reports and their hours; each has been due when a run begins, and goes to `READERS`."""
READERS = ("boss@chaos.invalid", "press@chaos.invalid")
_CHANNELS = ("risk-desk", "guardians", "guardians-lead")


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything is; all of it on loopback."""

    data: Path
    port: int
    """Of the API."""
    hooks: int
    """The port where notices are received."""
    site: str
    """The address of the site that is crawled."""
    tables: str = ""
    """TOML of the log, the store and the book; empty for the embedded ones."""
    delay: float = 0.4
    """Seconds between two requests to the site; so a crawl takes long enough to be killed in the middle of it."""

    def write(self, folder: Path) -> Path:
        """Make the folder; the path of its settings file."""
        folder.mkdir()
        for file in BUNDLED.parent.glob("*.toml"):
            shutil.copyfile(file, folder / file.name)
        path = folder / "guanlan.toml"
        path.write_text(
            f'data = "{self.data}"\n{self.tables}\n[judge]\nmodel = "lexicon"\n'
            f"[work]\nbatch = 500\npoll_seconds = 0.2\n[serve]\nport = {self.port}\nopen_here = true\n"
            f'[[serve.people]]\nname = "guardian"\nroles = ["guardian"]\nkey = "file:{folder / "hook.key"}"\n'
            '[crawl]\ncontact = "chaos@chaos.invalid"\n',
            encoding="utf-8",
        )
        (folder / "sources.toml").write_text(self._source(), encoding="utf-8")
        with (folder / "digests.toml").open("w", encoding="utf-8") as digests:
            for name, hour in REPORTS.items():
                digests.write(f'[[digest]]\nname = "{name}"\ntitle = "{name}"\nhour = {hour}\n')
                digests.write(f"recipients = {list(READERS)}\n")
        self._add_channels(folder)
        return path

    def _source(self) -> str:
        return (
            f'[[source]]\nname = "{SOURCE}"\nspider = "weibo"\nbase_url = "{self.site}/weibo"\nkeywords = ["*"]\n'
            'access = "public_robots_ok"\npurpose = "chaos"\nassessment = "a site of our own on this machine"\n'
            f"interval_seconds = 2\ndelay_seconds = {self.delay}\nconcurrency = 4\nmax_pages = 100000\nrevisits = 0\n"
            "requests_per_minute = 0\nrequests_per_day = 0\n"
        )

    def _add_channels(self, folder: Path) -> None:
        key = folder / "hook.key"
        key.write_text(SECRET, encoding="ascii")
        given = (BUNDLED.parent / "rules.toml").read_text(encoding="utf-8")
        with (folder / "rules.toml").open("w", encoding="utf-8") as rules:
            # how long a run takes must not decide who is told again
            rules.write(given.replace('acknowledge_within = "15m"', 'acknowledge_within = "1d"'))
            for name in _CHANNELS:
                rules.write(f'\n[[channel]]\nname = "{name}"\nurl = "http://127.0.0.1:{self.hooks}/{name}"\n')
                rules.write(f'secret = "file:{key}"\n')
