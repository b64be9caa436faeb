"""A config and a state folder in which commands are tried, without any daemon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from icalsyncd.state.installation import open_installation
from tests.commands.program import Done, icalsyncd

CONFIG = """\
terms: accepted          # read them
server:
  listen: 127.0.0.1:5545
  public_url: https://cal.example.org
pull: {allow_private_addresses: true}
accommodations:
  casa-azul:
    timezone: UTC
    syncs:
      holidu:
        portal: holidu   # the first one
        direction: export
      vrbo: {portal: vrbo, direction: import, url: "https://portal.example/secret-key.ics"}
"""


@dataclass
class Home:
    """Where an installation lies."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def write(self, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        self.config.write_text(text, encoding="utf-8")
        self.config.chmod(0o600)

    def make_secret(self) -> None:
        """As the daemon does when it first starts."""
        open_installation(self.state / "secret")

    @property
    def where(self) -> tuple[object, ...]:
        return "--config", self.config, "--state-dir", self.state

    async def run(self, *arguments: object, stdin: bytes = b"") -> Done:
        return await icalsyncd(*arguments, *self.where, stdin=stdin)
