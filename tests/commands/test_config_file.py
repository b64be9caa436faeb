"""Changing the config file without ever losing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from icalsyncd.config import Accepted, Refused
from icalsyncd.config_file import ConfigUnwritableError, read_text, rewrite, write

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
