"""A `url_file` that begins with `$CREDENTIALS_DIRECTORY/` is a credential of systemd's (systemd.exec(5))."""

from __future__ import annotations

from pathlib import Path

from icalsyncd.config.loading import Accepted, Refused, parse

CONFIG = """\
terms: accepted
accommodations:
  casa-azul:
    timezone: UTC
    syncs:
      holidu: {portal: holidu, direction: import, url_file: $CREDENTIALS_DIRECTORY/holidu}
"""


def test_it_is_looked_up_where_systemd_says_and_watched_there(tmp_path: Path) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "holidu").write_text("https://portal.example/1.ics\n", encoding="utf-8")
    (given / "holidu").chmod(0o400)
    loaded = parse(CONFIG, tmp_path / "config.yaml", {"CREDENTIALS_DIRECTORY": str(given)})
    assert isinstance(loaded, Accepted)
    (sync,) = loaded.config.syncs()
    assert sync.url is not None
    assert sync.url.reveal() == "https://portal.example/1.ics"
    assert given / "holidu" in loaded.files


def test_without_a_service_it_is_that_of_the_service_named_icalsyncd(tmp_path: Path) -> None:
    loaded = parse(CONFIG, tmp_path / "config.yaml", {})
    assert isinstance(loaded, Refused)
    assert Path("/run/credentials/icalsyncd.service/holidu") in loaded.files
    assert [mistake.message for mistake in loaded.mistakes] == ["there is no such file"]


def test_no_other_variable_is_expanded(tmp_path: Path) -> None:
    (tmp_path / "$HOME").mkdir()
    (tmp_path / "$HOME" / "holidu").write_text("https://portal.example/1.ics\n", encoding="utf-8")
    text = CONFIG.replace("$CREDENTIALS_DIRECTORY", "$HOME")
    assert isinstance(parse(text, tmp_path / "config.yaml", {"HOME": "/elsewhere"}), Accepted)
