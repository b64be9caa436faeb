"""`check` says what a target lacks, and tries it when asked to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.publishing import servers

pytestmark = pytest.mark.slow


def check(folder: Path, publish: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = folder / "config.yaml"
    config.write_text(f"terms: accepted\nserver: {{public_url: https://cal.example.org}}\npublish:\n{publish}")
    config.chmod(0o600)
    return subprocess.run(
        [sys.executable, "-m", "icalsyncd", "check", config, "--state-dir", folder / "state", *arguments],
        capture_output=True,
        text=True,
    )


def test_a_folder_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    done = check(tmp_path, "  - {name: web, type: folder, path: public}\n")
    assert done.returncode == 0
    assert "nothing can be published at web" in done.stderr
    assert not (tmp_path / "public").exists()
    done = check(tmp_path, "  - {name: web, type: folder, path: public}\n", "--probe", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["targets"][0]["unsent"] == "missing: there is no such folder"


def test_a_missing_extra_is_said(tmp_path: Path) -> None:
    blind = tmp_path / "blind"
    blind.mkdir()
    # as on a machine where it was never installed
    (blind / "sitecustomize.py").write_text(
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "class Blind(PathFinder):\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, *more):\n"
        "        return None if name == 'obstore' else super().find_spec(name, *more)\n"
        "sys.meta_path = [Blind if finder is PathFinder else finder for finder in sys.meta_path]\n"
    )
    config = tmp_path / "config.yaml"
    config.write_text(
        "terms: accepted\nserver: {public_url: https://cal.example.org}\n"
        "publish:\n  - {name: bucket, type: s3, bucket: feeds}\n"
    )
    config.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "icalsyncd", "check", config, "--state-dir", tmp_path / "state", "--probe"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(blind), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1
    assert "not_installed: the extra is not installed: pip install 'icalsyncd[cloud]'" in done.stdout
    assert "nothing can be published at bucket" in done.stderr


async def test_a_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(servers.PASSWORD)
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "public").mkdir()
    async with servers.webdav(tmp_path / "dav") as url:
        right = f"  - {{name: dav, type: webdav, url: {url}, username: {servers.USER}, password_file: password}}\n"
        done = check(tmp_path, right + "  - {name: web, type: folder, path: public}\n", "--probe")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "dav: a file was put there and deleted again" in done.stdout
        assert list((tmp_path / "dav").iterdir()) == list((tmp_path / "public").iterdir()) == []
        (tmp_path / "password").write_text("another-password")
        done = check(tmp_path, right, "--probe")
        assert done.returncode == 1
        assert "dav: refused: it answers 401" in done.stdout
        assert "another-password" not in done.stdout + done.stderr
