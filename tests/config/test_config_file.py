"""Changing the config file without ever losing it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from icalsyncd.config.config_file import ConfigUnwritableError, read_text, rewrite, write
from icalsyncd.config.loading import Accepted, Refused

TEXT = "terms: accepted\n"


def test_a_symlink_stays_one_and_the_mode_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "config.yaml"
    real.write_text(TEXT)
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, TEXT + "# more\n")
    assert link.is_symlink()
    assert real.read_text() == TEXT + "# more\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "real.yaml"]


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    write(tmp_path / "new" / "config.yaml", TEXT)
    assert (tmp_path / "new" / "config.yaml").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_run_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    write(path, TEXT)
    assert isinstance(rewrite(path, TEXT, lambda text: text + "trems: x\n", {}), Refused)
    assert read_text(path) == TEXT
    assert isinstance(rewrite(path, TEXT, lambda text: text + "# fine\n", {}), Accepted)
    assert read_text(path) == TEXT + "# fine\n"


def test_what_somebody_else_wrote_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    write(path, TEXT + "# theirs\n")
    with pytest.raises(ConfigUnwritableError, match="changed by somebody else"):
        rewrite(path, TEXT, lambda text: text + "# ours\n", {})
    assert read_text(path) == TEXT + "# theirs\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True).returncode:
        why = "needs the right to mount a tmpfs"
        if os.environ.get("ICALSYNCD_REQUIRE_ALL"):
            pytest.fail(why)
        pytest.skip(why)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(b"x" * 4096)


@pytest.fixture
def mounted(disk: Path) -> Iterator[Path]:
    """A file that is mounted by itself, as into a container: it can be written, and nothing can take its place."""
    config = disk / "config.yaml"
    config.touch()
    subprocess.run(["mount", "--bind", config, config], check=True)
    yield config
    subprocess.run(["umount", config], check=True)


LONG = (TEXT + "# comments of the host\n" * 200)[:4090] + "\n"


def test_a_full_disk_leaves_the_file_as_it_was(disk: Path) -> None:
    config = disk / "config.yaml"
    config.write_text(LONG)
    fill(disk)
    with pytest.raises(ConfigUnwritableError, match="and is as it was: No space left"):
        write(config, LONG + "paused: true\n" + "#" * 20)
    assert config.read_text() == LONG
    assert sorted(path.name for path in disk.iterdir()) == ["ballast", "config.yaml"]


@pytest.mark.parametrize("text", [TEXT, LONG + TEXT])
def test_a_file_mounted_by_itself_is_written_in_place(mounted: Path, text: str) -> None:
    mounted.write_text(LONG)
    write(mounted, text)
    assert mounted.read_text() == text
    assert [path.name for path in mounted.parent.iterdir()] == ["config.yaml"]


def test_a_file_mounted_by_itself_on_a_full_disk_is_as_it_was(mounted: Path) -> None:
    mounted.write_text(LONG)
    fill(mounted.parent)
    with pytest.raises(ConfigUnwritableError, match="and is as it was"):
        write(mounted, LONG + "paused: true\n" + "#" * 20)
    assert mounted.read_text() == LONG


def test_a_disk_that_fills_up_while_it_is_written_in_place_leaves_it_as_it_was(mounted: Path) -> None:
    mounted.write_text(LONG)
    fill(mounted.parent)
    # room for the copy of what it held, and for no more
    os.truncate(mounted.parent / "ballast", (mounted.parent / "ballast").stat().st_size - 4096)
    with pytest.raises(ConfigUnwritableError, match="and is as it was"):
        write(mounted, LONG * 2)
    assert mounted.read_text() == LONG
    assert sorted(path.name for path in mounted.parent.iterdir()) == ["ballast", "config.yaml"]
