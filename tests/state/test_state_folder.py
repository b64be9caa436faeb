"""A state folder that is in use, or that a newer version has written: said in words, and left as it is."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, daemon

pytestmark = pytest.mark.slow


def config(running: Daemon) -> str:
    return (
        running.head()
        + "accommodations:\n  casa-azul:\n    timezone: UTC\n    syncs:\n"
        + ("      website: {portal: generic, direction: export}\n")
    )


async def test_a_second_daemon_on_the_same_folder_says_so_and_ends(tmp_path: Path) -> None:
    async with daemon(tmp_path) as first, daemon(tmp_path) as second:
        first.write(config(first))
        await first.up()
        address = (first.state / "address").read_bytes()
        second.config = tmp_path / "second.yaml"
        second.log = tmp_path / "second.log"
        second.write(config(second))
        second.start()
        assert second.process is not None
        assert second.process.wait(40) == 1
        assert f"another icalsyncd runs on {first.state}" in second.words()
        assert "Traceback" not in second.words()
        # the commands still find the first
        assert (first.state / "address").read_bytes() == address
        assert (await first.get("/-/healthy"))[0] == 200


async def test_the_state_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    async with daemon(tmp_path) as running:
        running.write(config(running))
        await running.up()
        assert running.stop() == 0
        state = running.state / "state.sqlite3"
        with sqlite3.connect(state) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            db.execute(f"PRAGMA user_version={version + 1}")
        db.close()
        before = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in running.state.iterdir()}
        running.start()
        assert running.process is not None
        assert running.process.wait(40) == 78
        assert f"(version {version + 1} of the file, this one knows {version})" in running.words()
        after = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in running.state.iterdir()}
        assert after.items() >= before.items()
