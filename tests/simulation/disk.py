"""The disk: full, slow, cut in the middle of a commit, and folders of others that hang."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.simulation.world import World

_FILES = ("secret", "state.sqlite3", "state.sqlite3-wal", "accepted.yaml", "reserve", "behind")


class Disk:
    """The state folder, and the folder that is published in."""

    def __init__(self, world: World, state: Path) -> None:
        self._world = world
        self.state = state
        self.full = False
        self.broken = False
        """A full one takes nothing, whatever is given away."""
        self._filled_up = False
        """What was given away for the last commit is taken."""
        self.slow = 0.0
        """Seconds that a commit takes beyond what it usually does."""
        self.full_since: float | None = None
        self.shelf: Path | None = None
        """The published folder."""
        self.find: Callable[[str, str], None] = lambda kind, detail: None
        self._works = 0
        self._landed: dict[str, int] = {}
        """Which piece of work in the published folder changed a file there last."""
        self.hangs_until = 0.0
        """When the published folder answers again."""
        self.hung_until = 0.0
        """When the last piece of work that hung there was done."""

    def fill(self, full: bool) -> None:
        """Have no room left, or room again."""
        self.full = full
        self._filled_up = False
        self.full_since = self._world.now if full else None

    def fails(self) -> bool:
        """Whether a commit finds no room; what the daemon keeps for its last one is room for one."""
        if not self.full:
            return False
        behind = self.state / "behind"
        if self.broken or self._filled_up or not behind.exists() or behind.stat().st_size > 0:
            return True
        self._filled_up = True
        return False

    def waits(self, kind: str) -> float:
        return self._world.dice.uniform(0.2, 1.0) * self.slow if kind == "store" else 0.0

    def folder_work(self, work: Callable[[], None]) -> None:
        """Do *work*, of a thread of its own, in the published folder."""
        self._works += 1
        number = self._works

        def done() -> None:
            before = self._published()
            work()
            after = self._published()
            for name in (name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
                if self._landed.get(name, 0) > number:
                    self.find("an older write over a newer one", name[:8])
                self._landed[name] = number

        now, dice = self._world.now, self._world.dice
        when = now + dice.uniform(0.0005, 0.01)
        if now < self.hangs_until:
            # what hangs goes on in any order
            when = self.hangs_until + dice.uniform(0.0, 4.0)
            self.hung_until = max(self.hung_until, when)
        self._world.at(when, done)

    def _published(self) -> dict[str, bytes]:
        """What lies in the published folder, drafts aside."""
        if self.shelf is None:
            return {}
        return {path.name: path.read_bytes() for path in self.shelf.iterdir() if not path.name.startswith(".")}

    def survive(self, following: Path, writing: Callable[[], object] | None, *, cuts: bool) -> str:
        """Make *following* the state folder as the dead daemon leaves this one; *writing* is what it was at."""
        how = "at rest"
        before = self._read()
        after = before
        if writing is not None and not self.full and self._world.chance(0.75):
            with suppress(Exception):
                writing()
            after = self._read()
            how = "after a commit"
            wal = "state.sqlite3-wal"
            grown = (
                cuts
                and after.get("state.sqlite3") == before.get("state.sqlite3")
                and len(after.get(wal, b"")) > len(before.get(wal, b""))
                and after[wal].startswith(before.get(wal, b""))
            )
            if grown and self._world.chance(0.7):
                place = self._world.dice.randrange(len(before.get(wal, b"")), len(after[wal]))
                after = {**after, wal: after[wal][:place]}
                how = "in a commit"
        following.mkdir(mode=0o700)
        for name, content in after.items():
            path = following / name
            path.write_bytes(content)
            path.chmod(0o600)
        self.state = following
        return how

    def copy(self, following: Path) -> None:
        """Copy what a start would find to *following*."""
        shutil.rmtree(following, ignore_errors=True)
        following.mkdir(mode=0o700)
        for name, content in self._read().items():
            (following / name).write_bytes(content)

    def _read(self) -> dict[str, bytes]:
        return {name: path.read_bytes() for name in _FILES if (path := self.state / name).exists()}
